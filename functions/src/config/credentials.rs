//! Secrets that a service manager gives as files, each named as its variable: systemd's `LoadCredential`, or a container's
//! secrets.

use std::{fs, io, path::Path};

/// Where systemd says that they lie.
pub const CREDENTIALS_DIRECTORY: &str = "CREDENTIALS_DIRECTORY";

/// Why a secret cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("{path} in {CREDENTIALS_DIRECTORY} cannot be read: {cause}")]
pub struct CredentialError {
    path: String,
    cause: io::Error,
}

/// The variables of ours among the files of a folder. A line's end at the end of a file is none of the secret.
pub fn credentials(folder: &Path) -> Result<Vec<(String, String)>, CredentialError> {
    let cannot = |path: &Path| {
        let path = path.display().to_string();
        move |cause| CredentialError { path, cause }
    };
    let mut variables = Vec::new();
    for entry in fs::read_dir(folder).map_err(cannot(folder))? {
        let path = entry.map_err(cannot(folder))?.path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default().to_owned();
        if name.starts_with("POSTERN_") {
            let text = fs::read_to_string(&path).map_err(cannot(&path))?;
            variables.push((name, text.trim_end_matches(['\r', '\n']).to_owned()));
        }
    }
    Ok(variables)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_of_ours_are_variables_without_the_last_lines_end() {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in
            [("POSTERN_CLIENT_SECRET", "hush hush\n"), ("another", "x"), ("POSTERN_LOG", "json")]
        {
            fs::write(folder.path().join(name), text).unwrap();
        }
        let mut variables = credentials(folder.path()).unwrap();
        variables.sort();
        let expected = [("POSTERN_CLIENT_SECRET", "hush hush"), ("POSTERN_LOG", "json")];
        assert_eq!(variables, expected.map(|(name, text)| (name.to_owned(), text.to_owned())));
    }

    #[test]
    fn a_secret_that_cannot_be_read_is_an_error_that_does_not_repeat_it() {
        let folder = tempfile::tempdir().unwrap();
        assert!(credentials(&folder.path().join("none")).is_err());
        fs::write(folder.path().join("POSTERN_CLIENT_SECRET"), b"hush\xff").unwrap();
        let error = credentials(folder.path()).unwrap_err().to_string();
        assert!(error.contains("POSTERN_CLIENT_SECRET") && !error.contains("hush"), "{error}");
    }
}
