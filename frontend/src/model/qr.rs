//! A text as a QR code, to be taken along by a camera.

use std::fmt::Write;

use qrcodegen::{QrCode, QrCodeEcc};

/// The quiet zone around the code, in modules.
const MARGIN: i32 = 4;

/// The side of the drawing in modules, and the dark ones as a path of unit squares. `None`: the text is too long.
pub(crate) fn drawing(text: &str) -> Option<(i32, String)> {
    let code = QrCode::encode_text(text, QrCodeEcc::Medium).ok()?;
    let mut path = String::new();
    for y in 0..code.size() {
        for x in (0..code.size()).filter(|x| code.get_module(*x, y)) {
            write!(path, "M{} {}h1v1h-1z", x + MARGIN, y + MARGIN).ok()?;
        }
    }
    Some((code.size() + 2 * MARGIN, path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_becomes_a_square_with_its_three_corners() {
        let (side, path) = drawing("https://postern.contoso.example/connect/a/b/web-01").unwrap();
        assert_eq!((side - 2 * MARGIN - 17) % 4, 0);
        let last = side - MARGIN - 1;
        for corner in [(MARGIN, MARGIN), (last, MARGIN), (MARGIN, last)] {
            assert!(path.contains(&format!("M{} {}h1v1h-1z", corner.0, corner.1)), "{corner:?}");
        }
        assert!(!path.contains("M0 "));
    }

    #[test]
    fn what_does_not_fit_is_not_drawn() {
        assert_eq!(drawing(&"x".repeat(4000)), None);
    }
}
