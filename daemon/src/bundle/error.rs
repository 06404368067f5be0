//! Why a bundle is not read or written.

use super::SIGNATURE_MAX;
use crate::firmware::minisign::SignatureError;

/// What is signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signed {
    /// A bundle.
    Bundle,
    /// A list of release keys.
    Keys,
    /// A receipt.
    Receipt,
}

impl Signed {
    fn name(self) -> &'static str {
        match self {
            Self::Bundle => "bundle",
            Self::Keys => "list of release keys",
            Self::Receipt => "receipt",
        }
    }
}

/// Why a bundle is not read or written.
#[derive(Debug, thiserror::Error)]
pub enum BundleError {
    /// It could not be read.
    #[error("the bundle cannot be read: {0}; send it again")]
    Io(#[from] std::io::Error),
    /// It ends too early.
    #[error("the bundle ends within {0}; it was cut off, send it again")]
    Short(&'static str),
    /// It is something else.
    #[error(
        "it is not what it should be, a bundle or a list of keys of format 1; build it with this version's format"
    )]
    Magic,
    /// A manifest is too large.
    #[error("the manifest has {0} bytes, the limit is {1}; split the bundle")]
    ManifestSize(usize, usize),
    /// A signature is too large.
    #[error("the signature has {0} bytes, the limit is {SIGNATURE_MAX}; sign with minisign")]
    SignatureSize(usize),
    /// The manifest is not what its hash says.
    #[error("the manifest is not what its hash says; the bundle was damaged, send it again")]
    ManifestHash,
    /// The manifest has another form.
    #[error("the manifest cannot be read: {0}; build the bundle again")]
    Form(&'static str),
    /// Something is too long.
    #[error("{what} has {value}, the limit is {limit}; make it smaller")]
    TooMuch {
        /// What it is.
        what: &'static str,
        /// What it has.
        value: u64,
        /// The limit.
        limit: u64,
    },
    /// A part that is named is not there.
    #[error("part {index} is named, and there are {parts}; build the bundle again")]
    NoPart {
        /// Which is named.
        index: u32,
        /// How many there are.
        parts: usize,
    },
    /// A part is not what its hash says.
    #[error("part {0} is not what its hash says; the bundle was damaged, send it again")]
    PartHash(usize),
    /// A part is not compressed as it says.
    #[error("part {0} does not expand to what the manifest says; build the bundle again")]
    PartForm(usize),
    /// There is more behind the last part.
    #[error("there is more behind the last part; the bundle was changed, build it again")]
    Trailing,
    /// A key to sign with is none.
    #[error(
        "it is no secret key: {0}; make one with `postern bundle keygen`, or sign with minisign and give --signature"
    )]
    SecretKey(&'static str),
    /// There is no signature.
    #[error("the {} is not signed; {}", .0.name(), match .0 {
        Signed::Bundle => "sign it with `postern bundle sign`",
        Signed::Keys => "make it with `postern bundle keys`",
        Signed::Receipt => "get it from its gateway with `postern receipt -o FILE`",
    })]
    NotSigned(Signed),
    /// None of the keys signed it.
    #[error("the key {key} signed the {}, which is not among those that may; {}", what.name(), match what {
        Signed::Bundle | Signed::Keys => "sign with one of those",
        Signed::Receipt => "give --key the public key of the gateway that it is of",
    })]
    UnknownKey {
        /// What it signed.
        what: Signed,
        /// Its id.
        key: String,
    },
    /// The signature is wrong.
    #[error(
        "the signature is not that of this {}; it was changed after it was signed, or the `.minisig` file is another's", .0.name()
    )]
    Signature(Signed),
    /// The signature has another form.
    #[error("the signature cannot be read: {0}")]
    SignatureForm(SignatureError),
}
