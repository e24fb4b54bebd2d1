use std::{collections::BTreeMap, fmt};

/// One variable that cannot be used. Its value is not repeated: it may be a secret in the wrong place.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    #[error("{name} is missing: {what}")]
    Missing { name: &'static str, what: &'static str },
    #[error("{name} is not {what}")]
    Bad { name: &'static str, what: &'static str },
    #[error("{name} is not a variable that Postern knows")]
    Unknown { name: String },
}

/// Everything that is wrong with the configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigErrors(Vec<ConfigError>);

impl ConfigErrors {
    pub fn as_slice(&self) -> &[ConfigError] {
        &self.0
    }
}

impl fmt::Display for ConfigErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the configuration cannot be used; set these variables right:")?;
        for error in &self.0 {
            write!(f, "\n  {error}")?;
        }
        Ok(())
    }
}

impl std::error::Error for ConfigErrors {}

/// Takes variables and collects what is wrong with them.
pub(super) struct Reader {
    vars: BTreeMap<String, String>,
    errors: Vec<ConfigError>,
}

impl Reader {
    pub(super) fn new(vars: impl Iterator<Item = (String, String)>, known: &[&str]) -> Self {
        let (mut kept, mut errors) = (BTreeMap::new(), Vec::new());
        for (name, value) in vars {
            if known.contains(&name.as_str()) {
                kept.insert(name, value);
            } else if name.starts_with("POSTERN_") {
                errors.push(ConfigError::Unknown { name });
            }
        }
        Self { vars: kept, errors }
    }

    pub(super) fn optional(&self, name: &str) -> Option<String> {
        self.vars.get(name).filter(|value| !value.is_empty()).cloned()
    }

    pub(super) fn required<T>(
        &mut self,
        name: &'static str,
        what: &'static str,
        parse: impl Fn(&str) -> Option<T>,
    ) -> Option<T> {
        match self.optional(name) {
            Some(value) => self.check(name, what, &value, parse),
            None => {
                self.errors.push(ConfigError::Missing { name, what });
                None
            }
        }
    }

    pub(super) fn or<T>(
        &mut self,
        name: &'static str,
        what: &'static str,
        usual: &str,
        parse: impl Fn(&str) -> Option<T>,
    ) -> Option<T> {
        let value = self.optional(name).unwrap_or_else(|| usual.to_owned());
        self.check(name, what, &value, parse)
    }

    pub(super) fn check<T>(
        &mut self,
        name: &'static str,
        what: &'static str,
        value: &str,
        parse: impl Fn(&str) -> Option<T>,
    ) -> Option<T> {
        let parsed = parse(value);
        if parsed.is_none() {
            self.errors.push(ConfigError::Bad { name, what });
        }
        parsed
    }

    pub(super) fn finish<T>(self, config: Option<T>) -> Result<T, ConfigErrors> {
        match config {
            Some(config) if self.errors.is_empty() => Ok(config),
            _ => Err(ConfigErrors(self.errors)),
        }
    }
}
