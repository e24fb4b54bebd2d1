//! The portal's static files: content-hashed names for what may be cached for ever, and a brotli copy of each.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};
use brotli::enc::BrotliEncoderParams;
use sha2::{Digest, Sha256};

use super::{
    icons,
    inputs::{files_below, hex},
    short::short,
    texts,
};

/// File types that are compressed already.
const DENSE: [&str; 6] = ["png", "webp", "avif", "woff2", "ico", "br"];

/// Names in the sources, such as `style.css`, to their URLs, such as `/assets/style-0f….css`.
type Urls = BTreeMap<String, String>;

/// Files of `public/` that the portal's shell consists of; the rest is for the system that installs it.
const SHELL: [&str; 2] = ["icon.svg", "manifest.webmanifest"];

/// Writes `index.html`, `assets/`, the files of `public/` and the worker that keeps them to `out`.
pub(super) fn write(frontend: &Path, bindings: &Path, out: &Path) -> Result<()> {
    let mut urls = Urls::new();
    write_bindings(&mut urls, out, bindings)?;
    texts::write(&frontend.join("locales"), |name, table| write_hashed(&mut urls, out, name, table))?;
    write_hashed(&mut urls, out, "style.css", &stylesheet(&frontend.join("style"))?)?;
    let boot = fill(&read_text(&frontend.join("boot.js"))?, &urls).context("frontend/boot.js")?;
    write_hashed(&mut urls, out, "boot.js", boot.as_bytes())?;
    let index = fill(&read_text(&frontend.join("index.html"))?, &urls).context("frontend/index.html")?;
    write_file(out, "index.html", index.as_bytes())?;
    copy_below(&frontend.join("public"), out, "")?;
    let worker = worker(&read_text(&frontend.join("sw.js"))?, urls, out).context("frontend/sw.js")?;
    write_file(out, "sw.js", worker.as_bytes())
}

/// The service worker with the list of the files that it keeps, under a version that stands for what they say.
fn worker(template: &str, mut urls: Urls, out: &Path) -> Result<String> {
    let mut files = Vec::new();
    for file in files_below(&out.join("assets"))? {
        let name = file.strip_prefix(out).context("a listed file lies outside its folder")?;
        if file.extension().is_none_or(|end| end != "br") {
            files.push(format!("/{}", name.display()));
        }
    }
    let mut digest = Sha256::new();
    for name in SHELL.iter().chain(&["index.html"]) {
        digest.update(read(&out.join(name))?);
    }
    for file in &files {
        digest.update(file);
    }
    digest.update(template);
    files.extend(SHELL.map(|name| format!("/{name}")));
    let listed: Vec<String> = files.iter().map(|file| format!("{file:?}")).collect();
    urls.insert("files".to_owned(), format!("[{}]", listed.join(",")));
    urls.insert("version".to_owned(), hex(&digest.finalize()[..8]));
    fill(template, &urls)
}

/// One stylesheet of the files in a folder, in the order of their names, and the icons.
fn stylesheet(folder: &Path) -> Result<Vec<u8>> {
    let mut sheet = Vec::new();
    for file in files_below(folder)? {
        sheet.extend(read(&file)?);
    }
    sheet.extend(icons::stylesheet().into_bytes());
    Ok(sheet)
}

/// The scripts and modules that name each other stand in one folder that is named after all that they say.
fn write_bindings(urls: &mut Urls, out: &Path, bindings: &Path) -> Result<()> {
    let mut digest = Sha256::new();
    for file in files_below(bindings)? {
        digest.update(read(&file)?);
    }
    let folder = format!("assets/portal-{}/", hex(&digest.finalize()[..8]));
    for file in files_below(bindings)? {
        let name = file.strip_prefix(bindings).context("a listed file lies outside its folder")?;
        urls.insert(name.display().to_string(), format!("/{folder}{}", name.display()));
    }
    copy_below(bindings, out, &folder)
}

fn write_hashed(urls: &mut Urls, out: &Path, name: &str, content: &[u8]) -> Result<()> {
    let path = format!("assets/{}", hashed(name, content));
    write_file(out, &path, content)?;
    urls.insert(name.to_owned(), format!("/{path}"));
    Ok(())
}

fn hashed(name: &str, content: &[u8]) -> String {
    let digest = hex(&Sha256::digest(content)[..8]);
    match name.rsplit_once('.') {
        Some((stem, extension)) => format!("{stem}-{digest}.{extension}"),
        None => format!("{name}-{digest}"),
    }
}

/// Puts URLs in the place of `{{name}}`; a name that is no asset is an error.
fn fill(template: &str, urls: &Urls) -> Result<String> {
    let mut filled = String::with_capacity(template.len());
    let mut rest = template;
    while let Some((before, after)) = rest.split_once("{{") {
        let (name, after) = after.split_once("}}").context("has `{{` without `}}`")?;
        let Some(url) = urls.get(name) else {
            let known = urls.keys().map(String::as_str).collect::<Vec<_>>().join(", ");
            bail!("names {{{{{name}}}}}, which is not one of {known}");
        };
        filled.push_str(before);
        filled.push_str(url);
        rest = after;
    }
    filled.push_str(rest);
    Ok(filled)
}

fn copy_below(folder: &Path, out: &Path, prefix: &str) -> Result<()> {
    for file in files_below(folder)? {
        let name = file.strip_prefix(folder).context("a listed file lies outside its folder")?;
        write_file(out, &format!("{prefix}{}", name.display()), &read(&file)?)?;
    }
    Ok(())
}

/// Takes out of scripts and styles what nobody runs.
fn write_file(out: &Path, name: &str, content: &[u8]) -> Result<()> {
    let path = out.join(name);
    let shortened = path.extension().is_some_and(|end| end == "js" || end == "css");
    let content = match std::str::from_utf8(content) {
        Ok(text) if shortened => short(text).into_bytes(),
        _ => content.to_vec(),
    };
    let content = content.as_slice();
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).with_context(|| format!("cannot create {}", folder.display()))?;
    }
    fs::write(&path, content).with_context(|| format!("cannot write {}", path.display()))?;
    let is_dense = path.extension().is_some_and(|end| DENSE.iter().any(|dense| end == *dense));
    if is_dense {
        return Ok(());
    }
    let small = out.join(format!("{name}.br"));
    fs::write(&small, compressed(content)?).with_context(|| format!("cannot write {}", small.display()))
}

fn compressed(content: &[u8]) -> Result<Vec<u8>> {
    let parameters = BrotliEncoderParams { quality: 11, size_hint: content.len(), ..Default::default() };
    let mut small = Vec::new();
    brotli::BrotliCompress(&mut &content[..], &mut small, &parameters).context("cannot compress")?;
    Ok(small)
}

fn read(path: &Path) -> Result<Vec<u8>> {
    fs::read(path).with_context(|| format!("cannot read {}", path.display()))
}

fn read_text(path: &Path) -> Result<String> {
    fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_become_urls() {
        let urls = Urls::from([("a.js".to_owned(), "/assets/a-1.js".to_owned())]);
        assert_eq!(fill("<{{a.js}}> {{a.js}}", &urls).unwrap(), "</assets/a-1.js> /assets/a-1.js");
    }

    #[test]
    fn an_unknown_placeholder_is_refused() {
        let urls = Urls::from([("a.js".to_owned(), "/assets/a-1.js".to_owned())]);
        let error = fill("{{b.js}}", &urls).unwrap_err();
        assert_eq!(error.to_string(), "names {{b.js}}, which is not one of a.js");
    }

    #[test]
    fn an_open_placeholder_is_refused() {
        assert!(fill("{{b.js", &Urls::new()).is_err());
    }

    #[test]
    fn a_hashed_name_changes_with_the_content() {
        assert_ne!(hashed("boot.js", b"1"), hashed("boot.js", b"2"));
        assert!(hashed("boot.js", b"1").starts_with("boot-"));
        assert!(hashed("boot.js", b"1").ends_with(".js"));
    }

    #[test]
    fn the_worker_lists_the_shell_and_changes_with_it() {
        let out = tempfolder("worker");
        let write = |name: &str, content: &str| write_file(&out, name, content.as_bytes()).unwrap();
        for (name, content) in [("index.html", "1"), ("icon.svg", "<svg/>"), ("manifest.webmanifest", "{}")] {
            write(name, content);
        }
        write("assets/boot-1.js", "start()");
        let template = "{{version}} {{files}}";
        let first = worker(template, Urls::new(), &out).unwrap();
        assert!(first.ends_with(r#" ["/assets/boot-1.js","/icon.svg","/manifest.webmanifest"]"#), "{first}");
        assert_eq!(worker(template, Urls::new(), &out).unwrap(), first);
        write("index.html", "2");
        assert_ne!(worker(template, Urls::new(), &out).unwrap(), first);
        fs::remove_dir_all(&out).unwrap();
    }

    fn tempfolder(name: &str) -> std::path::PathBuf {
        std::env::temp_dir().join(format!("postern-{name}-{}", std::process::id()))
    }

    #[test]
    fn compression_can_be_undone() {
        let content = b"open open open open".repeat(20);
        let small = compressed(&content).unwrap();
        let mut restored = Vec::new();
        brotli::BrotliDecompress(&mut &small[..], &mut restored).unwrap();
        assert_eq!(restored, content);
        assert!(small.len() < content.len());
    }
}
