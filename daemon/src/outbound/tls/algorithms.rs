//! The algorithms that certificates and handshakes may be signed with.

use postern_abi::crypto::{Curve, Hash};
use postern_crypto::signatures::{self, Signed};
use rustls_pki_types::{
    AlgorithmIdentifier, InvalidSignature, SignatureVerificationAlgorithm, alg_id,
};

/// One of them, as the checker of chains asks for it.
#[derive(Debug)]
pub struct Algorithm {
    key: AlgorithmIdentifier,
    signature: AlgorithmIdentifier,
    how: Signed,
}

impl SignatureVerificationAlgorithm for Algorithm {
    fn verify_signature(
        &self,
        public_key: &[u8],
        message: &[u8],
        signature: &[u8],
    ) -> Result<(), InvalidSignature> {
        if signatures::verify(self.how, public_key, message, signature) {
            Ok(())
        } else {
            Err(InvalidSignature)
        }
    }

    fn public_key_alg_id(&self) -> AlgorithmIdentifier {
        self.key
    }

    fn signature_alg_id(&self) -> AlgorithmIdentifier {
        self.signature
    }
}

const fn ecdsa(curve: Curve, hash: Hash) -> Algorithm {
    Algorithm {
        key: match curve {
            Curve::P384 => alg_id::ECDSA_P384,
            _ => alg_id::ECDSA_P256,
        },
        signature: match hash {
            Hash::Sha384 => alg_id::ECDSA_SHA384,
            Hash::Sha512 => alg_id::ECDSA_SHA512,
            _ => alg_id::ECDSA_SHA256,
        },
        how: Signed::Ecdsa(curve, hash),
    }
}

const fn rsa(signature: AlgorithmIdentifier, how: Signed) -> Algorithm {
    Algorithm {
        key: alg_id::RSA_ENCRYPTION,
        signature,
        how,
    }
}

const P256_SHA256: &Algorithm = &ecdsa(Curve::P256, Hash::Sha256);
const P256_SHA384: &Algorithm = &ecdsa(Curve::P256, Hash::Sha384);
const P256_SHA512: &Algorithm = &ecdsa(Curve::P256, Hash::Sha512);
const P384_SHA256: &Algorithm = &ecdsa(Curve::P384, Hash::Sha256);
const P384_SHA384: &Algorithm = &ecdsa(Curve::P384, Hash::Sha384);
const P384_SHA512: &Algorithm = &ecdsa(Curve::P384, Hash::Sha512);
const ED25519: &Algorithm = &Algorithm {
    key: alg_id::ED25519,
    signature: alg_id::ED25519,
    how: Signed::Ed25519,
};
const PKCS1_SHA256: &Algorithm = &rsa(alg_id::RSA_PKCS1_SHA256, Signed::Pkcs1(Hash::Sha256));
const PKCS1_SHA384: &Algorithm = &rsa(alg_id::RSA_PKCS1_SHA384, Signed::Pkcs1(Hash::Sha384));
const PKCS1_SHA512: &Algorithm = &rsa(alg_id::RSA_PKCS1_SHA512, Signed::Pkcs1(Hash::Sha512));
const PSS_SHA256: &Algorithm = &rsa(alg_id::RSA_PSS_SHA256, Signed::Pss(Hash::Sha256));
const PSS_SHA384: &Algorithm = &rsa(alg_id::RSA_PSS_SHA384, Signed::Pss(Hash::Sha384));
const PSS_SHA512: &Algorithm = &rsa(alg_id::RSA_PSS_SHA512, Signed::Pss(Hash::Sha512));

/// What certificates may be signed with.
pub const ALL: &[&dyn SignatureVerificationAlgorithm] = &[
    P256_SHA256,
    P256_SHA384,
    P256_SHA512,
    P384_SHA256,
    P384_SHA384,
    P384_SHA512,
    ED25519,
    PKCS1_SHA256,
    PKCS1_SHA384,
    PKCS1_SHA512,
    PSS_SHA256,
    PSS_SHA384,
    PSS_SHA512,
];

/// What a handshake of TLS 1.3 may be signed with, by the number of the scheme (RFC 8446
/// §4.2.3): there, RSA means PSS, and a scheme of ECDSA means one curve.
pub fn of_handshake(scheme: u16) -> Option<&'static dyn SignatureVerificationAlgorithm> {
    Some(match scheme {
        0x0403 => P256_SHA256,
        0x0503 => P384_SHA384,
        0x0804 => PSS_SHA256,
        0x0805 => PSS_SHA384,
        0x0806 => PSS_SHA512,
        0x0807 => ED25519,
        _ => return None,
    })
}

/// What a handshake of TLS 1.2 may be signed with, by the number of the scheme.
#[cfg(feature = "rustls-outbound")]
pub fn of_old_handshake(scheme: u16) -> &'static [&'static dyn SignatureVerificationAlgorithm] {
    match scheme {
        0x0403 => &[P256_SHA256, P384_SHA256],
        0x0503 => &[P384_SHA384, P256_SHA384],
        0x0804 => &[PSS_SHA256],
        0x0805 => &[PSS_SHA384],
        0x0806 => &[PSS_SHA512],
        0x0807 => &[ED25519],
        0x0401 => &[PKCS1_SHA256],
        0x0501 => &[PKCS1_SHA384],
        0x0601 => &[PKCS1_SHA512],
        _ => &[],
    }
}
