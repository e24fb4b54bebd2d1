//! The portal's icons: drawings of the Lucide set, as masks of the stylesheet that take the colour of the text around them.

use std::fmt::Write;

use icondata_core::IconData;
use icondata_lu as lu;

/// The names that `Icon` of the portal knows.
const ICONS: [(&str, &IconData); 11] = [
    ("check", lu::LuCheck),
    ("copy", lu::LuCopy),
    ("cross", lu::LuX),
    ("filter", lu::LuListFilter),
    ("firewall", lu::LuBrickWall),
    ("menu", lu::LuMenu),
    ("more", lu::LuEllipsis),
    ("nsg", lu::LuShield),
    ("sort", lu::LuArrowUp),
    ("theme", lu::LuContrast),
    ("warning", lu::LuTriangleAlert),
];

/// One rule for each icon.
pub(super) fn stylesheet() -> String {
    let mut sheet = String::new();
    for (name, icon) in ICONS {
        let _ = writeln!(sheet, ".icon--{name} {{ --drawing: url(\"{}\"); }}", data_url(icon));
    }
    sheet
}

fn data_url(icon: &IconData) -> String {
    let mut svg = "<svg xmlns='http://www.w3.org/2000/svg'".to_owned();
    let attributes = [
        ("viewBox", icon.view_box),
        ("fill", icon.fill),
        // A mask has no text whose colour it could take.
        ("stroke", icon.stroke.map(|_| "black")),
        ("stroke-width", icon.stroke_width),
        ("stroke-linecap", icon.stroke_linecap),
        ("stroke-linejoin", icon.stroke_linejoin),
    ];
    for (name, value) in attributes {
        if let Some(value) = value {
            let _ = write!(svg, " {name}='{value}'");
        }
    }
    let lines: String = icon.data.lines().map(str::trim).collect();
    let _ = write!(svg, ">{}</svg>", lines.replace('"', "'"));
    let escaped = svg.replace('%', "%25").replace('<', "%3C").replace('>', "%3E").replace('#', "%23");
    format!("data:image/svg+xml,{escaped}")
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeSet, fs};

    use super::*;
    use crate::{portal::inputs::files_below, workspace};

    #[test]
    fn the_portal_uses_these_icons_and_no_others() {
        let mut used = BTreeSet::new();
        for file in files_below(&workspace::frontend().join("src")).unwrap() {
            let text = fs::read_to_string(file).unwrap();
            let names = text.split("<Icon name=\"").skip(1).filter_map(|rest| rest.split('"').next());
            used.extend(names.map(str::to_owned));
        }
        let drawn: BTreeSet<String> = ICONS.iter().map(|(name, _)| (*name).to_owned()).collect();
        assert_eq!(used, drawn);
    }

    #[test]
    fn a_drawing_stands_in_a_quoted_url() {
        let url = data_url(lu::LuMenu);
        assert!(url.starts_with("data:image/svg+xml,%3Csvg xmlns='http"), "{url}");
        assert!(url.contains("viewBox='0 0 24 24'") && url.ends_with("%3C/svg%3E"), "{url}");
        assert!(!url.contains(['"', '<', '>', '#', '\n']), "{url}");
    }
}
