use rand::rngs::{OsRng, StdRng};
use rand::{Rng, RngCore, SeedableRng};

/// Repeatable identifiers: request ids, operation ids, etags.
#[derive(Debug)]
pub(crate) struct Ids(StdRng);

impl Ids {
    pub(crate) fn from_seed(seed: u64) -> Self {
        Self(StdRng::seed_from_u64(seed))
    }

    pub(crate) fn guid(&mut self) -> String {
        uuid::Builder::from_random_bytes(self.0.r#gen()).into_uuid().to_string()
    }

    pub(crate) fn etag(&mut self) -> String {
        format!("W/\"{}\"", self.guid())
    }

    /// A number in `0..end`; 0 if `end` is 0.
    pub(crate) fn below(&mut self, end: usize) -> usize {
        if end == 0 { 0 } else { self.0.gen_range(0..end) }
    }
}

/// An unguessable value of 192 bits, safe in URLs and headers.
pub(crate) fn secret() -> String {
    use base64::Engine;
    let mut bytes = [0_u8; 24];
    OsRng.fill_bytes(&mut bytes);
    base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(bytes)
}
