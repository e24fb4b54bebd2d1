use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use rsa::pkcs1::{DecodeRsaPrivateKey, EncodeRsaPrivateKey, LineEnding};
use rsa::traits::PublicKeyParts;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

/// The key that signs every token of the tenant.
pub(crate) struct Keys {
    pem: String,
    kid: String,
    encoding: EncodingKey,
    decoding: DecodingKey,
    modulus: String,
    exponent: String,
}

#[derive(Debug, thiserror::Error)]
#[error("the signing key is not a usable RSA key in PEM")]
pub(crate) struct BadKey;

impl Keys {
    pub(crate) fn generate_pem() -> Result<String, BadKey> {
        let key = rsa::RsaPrivateKey::new(&mut rand::rngs::OsRng, 2048).map_err(|_| BadKey)?;
        Ok(key.to_pkcs1_pem(LineEnding::LF).map_err(|_| BadKey)?.to_string())
    }

    pub(crate) fn from_pem(pem: &str) -> Result<Self, BadKey> {
        let key = rsa::RsaPrivateKey::from_pkcs1_pem(pem).map_err(|_| BadKey)?;
        let modulus = URL_SAFE_NO_PAD.encode(key.n().to_bytes_be());
        let exponent = URL_SAFE_NO_PAD.encode(key.e().to_bytes_be());
        Ok(Self {
            kid: URL_SAFE_NO_PAD.encode(&Sha256::digest(modulus.as_bytes())[..20]),
            encoding: EncodingKey::from_rsa_pem(pem.as_bytes()).map_err(|_| BadKey)?,
            decoding: DecodingKey::from_rsa_components(&modulus, &exponent).map_err(|_| BadKey)?,
            pem: pem.to_owned(),
            modulus,
            exponent,
        })
    }

    pub(crate) fn pem(&self) -> &str {
        &self.pem
    }

    pub(crate) fn sign(&self, claims: &Value) -> Result<String, BadKey> {
        let mut header = Header::new(Algorithm::RS256);
        header.kid = Some(self.kid.clone());
        jsonwebtoken::encode(&header, claims, &self.encoding).map_err(|_| BadKey)
    }

    /// The claims of a token that carries this key's signature. Its times are the caller's to check.
    pub(crate) fn verify(&self, token: &str) -> Option<Value> {
        let mut validation = Validation::new(Algorithm::RS256);
        validation.required_spec_claims.clear();
        validation.validate_exp = false;
        validation.validate_aud = false;
        jsonwebtoken::decode::<Value>(token, &self.decoding, &validation).ok().map(|data| data.claims)
    }

    pub(crate) fn jwks(&self, issuer: &str) -> Value {
        json!({"keys": [{
            "kty": "RSA", "use": "sig", "alg": "RS256", "kid": self.kid, "x5t": self.kid,
            "n": self.modulus, "e": self.exponent, "issuer": issuer,
        }]})
    }
}
