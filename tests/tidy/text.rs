//! What no file may say: paths of one machine, and that it is unfinished.

use crate::assert_none;
use crate::tree::{TextFile, prose};

/// Folders of a person or a machine.
const PLACES: [&str; 3] = ["/root/", "/home/", "/work/"];

/// Where Azure Functions and App Service put an application, on every machine of theirs.
const AZURE_HOME: &str = "/home/site/";

const UNFINISHED: [&str; 5] = ["TODO", "FIXME", "todo!", "unimplemented!", "dbg!"];

fn paths_of_a_machine(files: &[TextFile]) -> Vec<String> {
    each_line(files, |line| {
        PLACES.into_iter().find(|place| {
            line.match_indices(place).any(|(at, _)| {
                starts_a_path(&line[..at])
                    && !line[at..].starts_with(AZURE_HOME)
                    && line[at + place.len()..]
                        .starts_with(|next: char| next.is_ascii_alphanumeric() || next == '.')
            })
        })
    })
}

/// Whether a path may begin after this text: not in the middle of a URL or of another path.
fn starts_a_path(before: &str) -> bool {
    before.chars().next_back().is_none_or(|last| last.is_whitespace() || "\"'`=:([{<,>".contains(last))
}

fn unfinished(files: &[TextFile]) -> Vec<String> {
    each_line(files, |line| UNFINISHED.into_iter().find(|mark| contains_word(line, mark)))
}

fn contains_word(line: &str, word: &str) -> bool {
    line.match_indices(word).any(|(at, _)| {
        let is_part = |next: Option<char>| next.is_some_and(|next| next.is_alphanumeric() || next == '_');
        !is_part(line[..at].chars().next_back()) && !is_part(line[at + word.len()..].chars().next())
    })
}

fn each_line<'a>(files: &[TextFile], find: impl Fn(&str) -> Option<&'a str>) -> Vec<String> {
    let mut found = Vec::new();
    for file in files {
        for (index, line) in file.content.lines().enumerate() {
            if let Some(what) = find(line) {
                found.push(format!("{}:{}: has {what}", file.path, index + 1));
            }
        }
    }
    found
}

#[test]
fn no_file_names_a_path_of_one_machine() {
    assert_none(&paths_of_a_machine(&prose()));
}

#[test]
fn a_path_of_one_machine_is_found() {
    for line in ["cd /root/postern", "path = \"/home/jo/x\"", "/work/main/Cargo.toml", "see (/root/.cargo)"] {
        assert_eq!(paths_of_a_machine(&[TextFile::new("a.md", line)]).len(), 1, "{line}");
    }
}

#[test]
fn urls_and_azures_own_paths_are_no_paths_of_one_machine() {
    for line in ["https://example.com/work/a", "/home/site/wwwroot", "/work/", "a/root/b"] {
        assert_none(&paths_of_a_machine(&[TextFile::new("a.md", line)]));
    }
}

#[test]
fn nothing_is_marked_unfinished() {
    assert_none(&unfinished(&prose()));
}

#[test]
fn an_unfinished_mark_is_found() {
    for line in ["// TODO later", "FIXME: wrong", "todo!()", "dbg!(x)"] {
        assert_eq!(unfinished(&[TextFile::new("a.rs", line)]).len(), 1, "{line}");
    }
}

#[test]
fn words_that_hold_a_mark_are_not_unfinished() {
    assert_none(&unfinished(&[TextFile::new("a.rs", "let MASTODON = TODOS; mydbg!(x)")]));
}
