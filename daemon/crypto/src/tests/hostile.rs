//! What a guest may send that is wrong: nothing panics, nothing is computed for nothing, and
//! nothing is left behind.

use super::known::pairs::*;
use super::{call, done, hex, import, price, secret};
use crate::{Kept, Keys, Task};
use postern_abi::crypto::{
    Cipher, CryptoCall, CryptoStatus, Curve, Deriving, Hash, KeyForm, KeyPlan, KeySource, Signing,
};
use postern_abi::limits::{CRYPTO_BYTES_MAX, CRYPTO_KEYS_MAX, PBKDF2_ITERATIONS_MAX};

fn try_import(source: KeySource<'_>, data: &[u8]) -> (CryptoStatus, Vec<u8>) {
    let mut keys = Keys::default();
    let result = call(&mut keys, &CryptoCall::Import { id: 1, source }, data);
    assert_eq!(keys.is_empty(), result.0 != CryptoStatus::Done);
    result
}

#[test]
fn keys_that_are_cut_off_are_refused() {
    for (source, text) in [
        (KeySource::Pkcs8, RSA_PKCS8),
        (KeySource::Spki, RSA_SPKI),
        (KeySource::Pkcs8, P256_PKCS8),
        (KeySource::Spki, P256_SPKI),
        (KeySource::Pkcs8, P256_SEC1),
        (KeySource::Pkcs8, ED25519_PKCS8),
        (KeySource::Spki, X25519_SPKI),
    ] {
        let whole = hex(text);
        for length in 0..whole.len() {
            assert_eq!(try_import(source, &whole[..length]).0, CryptoStatus::BadKey);
        }
        let mut longer = whole;
        longer.extend_from_slice(b"123");
        let (status, detail) = try_import(source, &longer);
        assert_eq!(
            (status, detail.as_slice()),
            (CryptoStatus::BadKey, &[3, 0, 0, 0][..])
        );
    }
}

#[test]
fn keys_with_a_wrong_byte_do_no_harm() {
    for (source, text, step) in [
        (KeySource::Pkcs8, RSA_PKCS8, 7),
        (KeySource::Spki, RSA_SPKI, 1),
        (KeySource::Pkcs8, P256_PKCS8, 1),
        (KeySource::Spki, P256_SPKI, 1),
        (KeySource::Pkcs8, P521_SPKI, 1),
        (KeySource::Pkcs8, ED25519_PKCS8, 1),
    ] {
        let whole = hex(text);
        for at in (0..whole.len()).step_by(step) {
            for flip in [1, 0x80, 0xff] {
                let mut wrong = whole.clone();
                wrong[at] ^= flip;
                let mut keys = Keys::default();
                let import = CryptoCall::Import { id: 1, source };
                if call(&mut keys, &import, &wrong).0 != CryptoStatus::Done {
                    continue;
                }
                // What was taken in can be used without harm, whatever it gives.
                for how in [Signing::Pkcs1(Hash::Sha1), Signing::Ecdsa(Hash::Sha256)] {
                    let _ = call(&mut keys, &CryptoCall::Sign { key: 1, how }, b"x");
                    let verify = CryptoCall::Verify {
                        key: 1,
                        how,
                        signature: &[7; 128],
                    };
                    let _ = call(&mut keys, &verify, b"x");
                }
                for form in [KeyForm::Raw, KeyForm::Spki, KeyForm::Pkcs8, KeyForm::Parts] {
                    let _ = call(&mut keys, &CryptoCall::Export { key: 1, form }, b"");
                }
                let _ = keys.keep().unwrap();
            }
        }
    }
}

#[test]
fn huge_and_crooked_rsa_keys_are_refused() {
    let rsa = |n: &[u8], e: &[u8], d: Option<&[u8]>| {
        try_import(
            KeySource::Rsa {
                n,
                e,
                d,
                primes: None,
            },
            b"",
        )
        .0
    };
    assert_eq!(
        rsa(&[0xff; 513], &[1, 0, 1], None),
        CryptoStatus::UnsupportedKey
    );
    assert_eq!(
        rsa(&[0xff; 1 << 20], &[1, 0, 1], None),
        CryptoStatus::UnsupportedKey
    );
    assert_eq!(rsa(&[0xff; 512], &[1, 0, 1], None), CryptoStatus::Done);
    assert_eq!(
        rsa(&[0xff; 64], &[0xff; 65], None),
        CryptoStatus::UnsupportedKey
    );
    for (n, e) in [
        (&[][..], &[][..]),
        (&[0; 64], &[0]),
        (&[0xff; 31], &[3]),
        (&[0xfe; 64], &[3]),
        (&[0xff; 64], &[1]),
        (&[0xff; 64], &[4]),
        (&[0xff; 64], &[0xff; 64]),
    ] {
        assert_eq!(rsa(n, e, None), CryptoStatus::BadKey, "{n:?} {e:?}");
    }
    // Private exponents that lead to no primes.
    for d in [&[][..], &[0], &[1], &[3; 64], &[0xff; 64], &[0xff; 65]] {
        assert_eq!(rsa(&[0xff; 64], &[1, 0, 1], Some(d)), CryptoStatus::BadKey);
    }
    let primes: [&[u8]; 5] = [&[1], &[0xff; 64], &[], &[], &[]];
    let source = KeySource::Rsa {
        n: &[0xff; 64],
        e: &[3],
        d: Some(&[5; 63]),
        primes: Some(primes),
    };
    assert_eq!(try_import(source, b"").0, CryptoStatus::BadKey);
    for bits in [0, 8, 255, 4104, 8192, u32::MAX] {
        let plan = KeyPlan::Rsa { bits, exponent: 3 };
        let generate = CryptoCall::Generate {
            id: 1,
            public: 2,
            plan,
        };
        let mut keys = Keys::default();
        assert_eq!(
            call(&mut keys, &generate, b"").0,
            CryptoStatus::UnsupportedKey
        );
    }
}

#[test]
fn points_off_the_curve_are_refused() {
    for curve in [Curve::P256, Curve::P384, Curve::P521] {
        let size = crate::curves::size(curve);
        let mut point = vec![4; 1 + 2 * size];
        assert_eq!(
            try_import(KeySource::Point(curve), &point).0,
            CryptoStatus::NotOnCurve
        );
        for first in [0, 1, 6, 7, 0xff] {
            point[0] = first;
            assert_eq!(
                try_import(KeySource::Point(curve), &point).0,
                CryptoStatus::BadKey
            );
        }
        for length in [0, 1, 2, 1 + size, 3 + 2 * size] {
            let (status, _) = try_import(KeySource::Point(curve), &vec![4; length]);
            assert_eq!(status, CryptoStatus::BadKey);
        }
        for d in [&[][..], &[0; 70], &[0xff; 66], &[1; 80]] {
            let source = KeySource::Ec {
                curve,
                x: &[1],
                y: &[2],
                d: Some(d),
            };
            assert_eq!(try_import(source, b"").0, CryptoStatus::NotOnCurve);
        }
    }
}

#[test]
fn wrong_lengths_and_wrong_keys_are_refused() {
    let mut keys = Keys::default();
    secret(&mut keys, 1, &[1; 16]);
    secret(&mut keys, 2, &[1; 15]);
    import(&mut keys, 3, KeySource::Spki, &hex(RSA_SPKI));
    import(&mut keys, 4, KeySource::Pkcs8, &hex(P256_PKCS8));
    let long = [0; 17];
    for how in [
        Cipher::AesCbc { iv: &long },
        Cipher::AesCbc { iv: &[] },
        Cipher::AesCtr {
            counter: &long,
            bits: 1,
        },
        Cipher::AesCtr {
            counter: &long[..16],
            bits: 0,
        },
        Cipher::AesCtr {
            counter: &long[..16],
            bits: 129,
        },
        Cipher::AesGcm {
            iv: &[],
            additional: &[],
            tag: 128,
        },
        Cipher::AesGcm {
            iv: &long,
            additional: &[],
            tag: 127,
        },
        Cipher::AesKw,
    ] {
        let (status, _) = call(&mut keys, &CryptoCall::Encrypt { key: 1, how }, b"x");
        assert_eq!(status, CryptoStatus::BadCall, "{how:?}");
        let open = CryptoCall::Decrypt {
            key: 1,
            how,
            into: None,
        };
        assert_eq!(
            call(&mut keys, &open, b"x").0,
            CryptoStatus::BadCall,
            "{how:?}"
        );
    }
    let good = Cipher::AesCbc { iv: &long[..16] };
    for key in [0, 2, 3, 4, 77] {
        let (status, _) = call(&mut keys, &CryptoCall::Encrypt { key, how: good }, b"x");
        assert_eq!(status, CryptoStatus::WrongKey);
        let derive = CryptoCall::Derive {
            key,
            how: Deriving::Agreement {
                public: 3,
                bits: None,
            },
            into: None,
        };
        assert_eq!(call(&mut keys, &derive, b"").0, CryptoStatus::WrongKey);
    }
    let few = Cipher::AesCtr {
        counter: &long[..16],
        bits: 1,
    };
    let (status, _) = call(
        &mut keys,
        &CryptoCall::Encrypt { key: 1, how: few },
        &[0; 33],
    );
    assert_eq!(status, CryptoStatus::TooLong);
    let pss = Signing::Pss(Hash::Sha1, u32::MAX);
    let verify = CryptoCall::Verify {
        key: 3,
        how: pss,
        signature: &[1; 128],
    };
    assert_eq!(done(&mut keys, &verify, b""), [0]);
    // Checksums are for digests only.
    let how = Signing::Hmac(Hash::Crc32);
    let (status, _) = call(&mut keys, &CryptoCall::Sign { key: 1, how }, b"");
    assert_eq!(status, CryptoStatus::BadCall);
}

#[test]
fn derivation_is_bounded() {
    let mut keys = Keys::default();
    secret(&mut keys, 1, b"password");
    let mut derive = |how| {
        let call_ = CryptoCall::Derive {
            key: 1,
            how,
            into: None,
        };
        call(&mut keys, &call_, b"").0
    };
    let pbkdf2 = |iterations, length| Deriving::Pbkdf2 {
        hash: Hash::Sha256,
        salt: b"",
        iterations,
        length,
    };
    assert_eq!(derive(pbkdf2(0, 1)), CryptoStatus::BadCall);
    assert_eq!(
        derive(pbkdf2(PBKDF2_ITERATIONS_MAX + 1, 1)),
        CryptoStatus::BadCall
    );
    assert_eq!(derive(pbkdf2(1, 255 * 32 + 1)), CryptoStatus::TooLong);
    assert_eq!(derive(pbkdf2(1, u32::MAX)), CryptoStatus::TooLong);
    let hkdf = |length| Deriving::Hkdf {
        hash: Hash::Sha256,
        salt: b"",
        info: b"",
        length,
    };
    assert_eq!(derive(hkdf(255 * 32)), CryptoStatus::Done);
    assert_eq!(derive(hkdf(255 * 32 + 1)), CryptoStatus::TooLong);
}

#[test]
fn the_table_is_bounded_and_numbers_are_not_taken_twice() {
    let mut keys = Keys::default();
    secret(&mut keys, 1, b"x");
    let again = CryptoCall::Import {
        id: 1,
        source: KeySource::Secret,
    };
    assert_eq!(call(&mut keys, &again, b"y").0, CryptoStatus::BadCall);
    // Of a pair, neither stays if one has no place.
    let generate = CryptoCall::Generate {
        id: 2,
        public: 1,
        plan: KeyPlan::Ec {
            curve: Curve::Ed25519,
        },
    };
    assert_eq!(call(&mut keys, &generate, b"").0, CryptoStatus::BadCall);
    assert_eq!(keys.len(), 1);
    let large = CryptoCall::Import {
        id: 2,
        source: KeySource::Secret,
    };
    let (status, _) = call(&mut keys, &large, &vec![0; CRYPTO_BYTES_MAX]);
    assert_eq!(status, CryptoStatus::Full);
    let plan = KeyPlan::Secret { bits: u32::MAX };
    let generate = CryptoCall::Generate {
        id: 2,
        public: 0,
        plan,
    };
    assert_eq!(call(&mut keys, &generate, b"").0, CryptoStatus::Full);
    for id in 2..=CRYPTO_KEYS_MAX as u32 {
        secret(&mut keys, id, b"x");
    }
    let id = CRYPTO_KEYS_MAX as u32 + 1;
    let more = CryptoCall::Import {
        id,
        source: KeySource::Secret,
    };
    assert_eq!(call(&mut keys, &more, b"x").0, CryptoStatus::Full);
    let begin = CryptoCall::HashBegin {
        id,
        hash: Hash::Sha1,
        key: None,
    };
    assert_eq!(call(&mut keys, &begin, b"").0, CryptoStatus::Full);
    for id in 1..=id {
        done(&mut keys, &CryptoCall::Forget(id), b"");
    }
    assert_eq!((keys.len(), keys.bytes()), (0, 0));
}

#[test]
fn arguments_that_are_none_are_not_read() {
    let keys = Keys::default();
    for length in 0..4 {
        for byte in 0..=255 {
            // Most are nothing; none may panic.
            let argument = vec![byte; length];
            if let Some(task) = Task::read(&keys, &argument) {
                let mut result = Vec::new();
                let mut keys = Keys::default();
                task.run_in(&mut keys, &mut result);
                assert!(!result.is_empty());
            }
        }
    }
    assert!(Task::read(&keys, &[255; 64]).is_none());
    assert!(Kept::read(b"nonsense").is_err());
}

#[test]
fn work_is_priced_by_how_much_there_is() {
    let mut keys = Keys::default();
    secret(&mut keys, 1, &[1; 16]);
    import(&mut keys, 2, KeySource::Pkcs8, &hex(RSA_PKCS8));
    let digest = CryptoCall::Digest(Hash::Sha256);
    assert!(price(&keys, &digest, &[0; 1 << 20]) > 2 << 20);
    let pbkdf2 = |iterations, length| CryptoCall::Derive {
        key: 1,
        how: Deriving::Pbkdf2 {
            hash: Hash::Sha512,
            salt: b"",
            iterations,
            length,
        },
        into: None,
    };
    let one = price(&keys, &pbkdf2(1000, 64), b"");
    assert!(price(&keys, &pbkdf2(2000, 64), b"") > 3 * one / 2);
    assert!(price(&keys, &pbkdf2(1000, 128), b"") > 3 * one / 2);
    // Numbers of any size make no price small.
    assert!(price(&keys, &pbkdf2(u32::MAX, u32::MAX), b"") > 1 << 40);
    let rsa = |bits| CryptoCall::Generate {
        id: 9,
        public: 10,
        plan: KeyPlan::Rsa { bits, exponent: 3 },
    };
    assert!(price(&keys, &rsa(u32::MAX), b"") >= price(&keys, &rsa(4096), b""));
    assert!(price(&keys, &rsa(2048), b"") > 30_000_000);
    let sign = CryptoCall::Sign {
        key: 2,
        how: Signing::Pkcs1(Hash::Sha1),
    };
    assert!(price(&keys, &sign, b"") > 500_000);
}
