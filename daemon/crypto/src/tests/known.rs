//! Answers that standards and OpenSSL give, and round trips in every form.

#[path = "pairs.rs"]
pub mod pairs;

use super::{call, done, hex, import, secret};
use crate::{Kept, Keys};
use pairs::*;
use postern_abi::crypto::{
    Cipher, CryptoCall, CryptoStatus, Curve, Deriving, Hash, KeyForm, KeyParts, KeyPlan, KeyShape,
    KeySource, Signing,
};

const RSA_ABC: &str = "3cac3ace45c7c71d2b62ba4557178d581441c71539fc5f9e2771c4c9defa7f5cbbfc72754ce28b00984d2be7 \
    759b6c1b85026b62ff4963d2d1a8e77540fdb84e6155262f94ddb9c8bb7e528b5a1a4bb553149707664cbeb1 \
    ce8cdc0e098f1cf92e720094a10fbbf49c4535e8c6147312fc2429b4d7e80e083f92788f24d6850a";

#[test]
fn digests() {
    let mut keys = Keys::default();
    for (hash, expected) in [
        (Hash::Md5, "900150983cd24fb0d6963f7d28e17f72"),
        (Hash::Sha1, "a9993e364706816aba3e25717850c26c9cd0d89d"),
        (
            Hash::Sha256,
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
        ),
        (
            Hash::Sha384,
            "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed \
             8086072ba1e7cc2358baeca134c825a7",
        ),
        (
            Hash::Sha512,
            "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a \
             2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f",
        ),
    ] {
        assert_eq!(
            done(&mut keys, &CryptoCall::Digest(hash), b"abc"),
            hex(expected)
        );
        let begin = CryptoCall::HashBegin {
            id: 1,
            hash,
            key: None,
        };
        done(&mut keys, &begin, b"");
        done(&mut keys, &CryptoCall::HashUpdate(1), b"a");
        done(&mut keys, &CryptoCall::HashUpdate(1), b"bc");
        assert_eq!(done(&mut keys, &CryptoCall::HashEnd(1), b""), hex(expected));
    }
    for (hash, expected) in [
        (Hash::Crc32, "cbf43926"),
        (Hash::Crc32c, "e3069283"),
        (Hash::Crc64Nvme, "ae8b14860a799888"),
    ] {
        let digest = done(&mut keys, &CryptoCall::Digest(hash), b"123456789");
        assert_eq!(digest, hex(expected));
    }
    assert!(keys.is_empty());
    assert_eq!(keys.bytes(), 0);
}

// RFC 4231, case 2.
#[test]
fn keyed_hashes() {
    let mut keys = Keys::default();
    secret(&mut keys, 1, b"Jefe");
    let how = Signing::Hmac(Hash::Sha256);
    let data = b"what do ya want for nothing?";
    let expected = hex("5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    assert_eq!(
        done(&mut keys, &CryptoCall::Sign { key: 1, how }, data),
        expected
    );
    let begin = CryptoCall::HashBegin {
        id: 2,
        hash: Hash::Sha256,
        key: Some(1),
    };
    done(&mut keys, &begin, b"");
    done(&mut keys, &CryptoCall::HashUpdate(2), data);
    assert_eq!(done(&mut keys, &CryptoCall::HashEnd(2), b""), expected);
    let mut check = |signature: &[u8]| {
        let verify = CryptoCall::Verify {
            key: 1,
            how,
            signature,
        };
        done(&mut keys, &verify, data)
    };
    assert_eq!(check(&expected), [1]);
    assert_eq!(check(&expected[1..]), [0]);
    assert_eq!(check(&[0; 32]), [0]);
}

fn both_ways(key: &str, how: Cipher<'_>, plain: &[u8], expected: &[u8]) {
    let mut keys = Keys::default();
    secret(&mut keys, 1, &hex(key));
    let sealed = done(&mut keys, &CryptoCall::Encrypt { key: 1, how }, plain);
    assert_eq!(sealed, expected, "{how:?}");
    let open = CryptoCall::Decrypt {
        key: 1,
        how,
        into: None,
    };
    assert_eq!(done(&mut keys, &open, &sealed), plain);
    let keep = CryptoCall::Decrypt {
        key: 1,
        how,
        into: Some(2),
    };
    let shape = done(&mut keys, &keep, &sealed);
    let shape: KeyShape<'_> = postcard::from_bytes(&shape).unwrap();
    assert_eq!(shape, KeyShape::Secret(plain.len() as u32));
    let export = CryptoCall::Export {
        key: 2,
        form: KeyForm::Raw,
    };
    assert_eq!(done(&mut keys, &export, b""), plain);
}

// The GCM specification's cases 4 and 5, SP 800-38A F.2.1 and F.5.1, RFC 3394 4.1.
#[test]
fn ciphers() {
    let plain = hex(
        "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72 \
         1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39",
    );
    let additional = hex("feedfacedeadbeeffeedfacedeadbeefabaddad2");
    for (iv, expected) in [
        (
            "cafebabefacedbaddecaf888",
            "42831ec2217774244b7221b784d0d49ce3aa212f2c02a4e035c17e2329aca12e \
             21d514b25466931c7d8f6a5aac84aa051ba30b396a0aac973d58e091 \
             5bc94fbc3221a5db94fae95ae7121a47",
        ),
        (
            "cafebabefacedbad",
            "61353b4c2806934a777ff51fa22a4755699b2a714fcdc6f83766e5f97b6c7423 \
             73806900e49f24b22b097544d4896b424989b5e1ebac0f07c23f4598 \
             3612d2e79e3b0785561be14aaca2fccb",
        ),
    ] {
        let how = Cipher::AesGcm {
            iv: &hex(iv),
            additional: &additional,
            tag: 128,
        };
        both_ways(
            "feffe9928665731c6d6a8f9467308308",
            how,
            &plain,
            &hex(expected),
        );
    }
    let block = hex("6bc1bee22e409f96e93d7e117393172a");
    let key = "2b7e151628aed2a6abf7158809cf4f3c";
    let counter = hex("f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff");
    let how = Cipher::AesCtr {
        counter: &counter,
        bits: 64,
    };
    both_ways(key, how, &block, &hex("874d6191b620e3261bef6864990db6ce"));
    let iv = hex("000102030405060708090a0b0c0d0e0f");
    let sealed = hex("7649abac8119b246cee98e9b12e9197d8964e0b149c10b7b682e6e39aaeb731c");
    both_ways(key, Cipher::AesCbc { iv: &iv }, &block, &sealed);
    both_ways(
        "000102030405060708090a0b0c0d0e0f",
        Cipher::AesKw,
        &hex("00112233445566778899aabbccddeeff"),
        &hex("1fa68b0a8112b447aef34bd8fb5a7b829d3e862371d2cfe5"),
    );
}

// RFC 5869, case 1; RFC 6070.
#[test]
fn derivation() {
    let mut keys = Keys::default();
    secret(&mut keys, 1, &[0x0b; 22]);
    let mut derive = |key, how| {
        let call = CryptoCall::Derive {
            key,
            how,
            into: None,
        };
        done(&mut keys, &call, b"")
    };
    let how = Deriving::Hkdf {
        hash: Hash::Sha256,
        salt: &hex("000102030405060708090a0b0c"),
        info: &hex("f0f1f2f3f4f5f6f7f8f9"),
        length: 42,
    };
    let expected =
        hex("3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865");
    assert_eq!(derive(1, how), expected);
    secret(&mut keys, 2, b"password");
    for (iterations, expected) in [
        (1, "0c60c80f961f0e71f3a9b524af6012062fe037a6"),
        (4096, "4b007901b765489abead49d926f721d065a429c1"),
    ] {
        let how = Deriving::Pbkdf2 {
            hash: Hash::Sha1,
            salt: b"salt",
            iterations,
            length: 20,
        };
        let call = CryptoCall::Derive {
            key: 2,
            how,
            into: None,
        };
        assert_eq!(done(&mut keys, &call, b""), hex(expected));
    }
}

// RFC 7748, 5.2.
#[test]
fn agreement() {
    let mut keys = Keys::default();
    let d = hex("a546e36bf0527c9d3b16154b82465edd62144c0ac1fc5a18506a2244ba449ac4");
    let source = KeySource::Ec {
        curve: Curve::X25519,
        x: &[9; 32],
        y: b"",
        d: Some(&d),
    };
    import(&mut keys, 1, source, b"");
    let point = hex("e6db6867583030db3594c1a424b15f7c726624ec26b3353b10a903a6d0ab1c4c");
    import(&mut keys, 2, KeySource::Point(Curve::X25519), &point);
    let derive = |bits| CryptoCall::Derive {
        key: 1,
        how: Deriving::Agreement { public: 2, bits },
        into: None,
    };
    let expected = hex("c3da55379de9c6908e94ea4df28d084f32eccf03491c71f754b4075577a28552");
    assert_eq!(done(&mut keys, &derive(None), b""), expected);
    assert_eq!(done(&mut keys, &derive(Some(13)), b""), hex("c3d8"));
    assert_eq!(
        call(&mut keys, &derive(Some(257)), b"").0,
        CryptoStatus::TooLong
    );
    import(&mut keys, 3, KeySource::Point(Curve::X25519), &[0; 32]);
    let weak = CryptoCall::Derive {
        key: 1,
        how: Deriving::Agreement {
            public: 3,
            bits: None,
        },
        into: None,
    };
    assert_eq!(call(&mut keys, &weak, b"").0, CryptoStatus::SmallOrder);
}

// RFC 8032, 7.1, test 2.
#[test]
fn ed25519() {
    let mut keys = Keys::default();
    let x = hex("3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c");
    let d = hex("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb");
    let source = KeySource::Ec {
        curve: Curve::Ed25519,
        x: &x,
        y: b"",
        d: Some(&d),
    };
    import(&mut keys, 1, source, b"");
    import(&mut keys, 2, KeySource::Point(Curve::Ed25519), &x);
    let how = Signing::Ed25519;
    let signature = done(&mut keys, &CryptoCall::Sign { key: 1, how }, &[0x72]);
    let expected = hex(
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da \
         085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
    );
    assert_eq!(signature, expected);
    let verify = CryptoCall::Verify {
        key: 2,
        how,
        signature: &signature,
    };
    assert_eq!(done(&mut keys, &verify, &[0x72]), [1]);
    assert_eq!(done(&mut keys, &verify, &[0x73]), [0]);
}

// RFC 6979, A.2.5, of the message "sample".
#[test]
fn ecdsa() {
    let mut keys = Keys::default();
    let source = KeySource::Ec {
        curve: Curve::P256,
        x: &hex("60fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb6"),
        y: &hex("7903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299"),
        d: None,
    };
    import(&mut keys, 1, source, b"");
    let verify = CryptoCall::Verify {
        key: 1,
        how: Signing::Ecdsa(Hash::Sha256),
        signature: &hex(
            "efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716 \
             f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8",
        ),
    };
    assert_eq!(done(&mut keys, &verify, b"sample"), [1]);
    assert_eq!(done(&mut keys, &verify, b"simple"), [0]);
}

#[test]
fn rsa() {
    let mut keys = Keys::default();
    import(&mut keys, 1, KeySource::Pkcs8, &hex(RSA_PKCS8));
    import(&mut keys, 2, KeySource::Spki, &hex(RSA_SPKI));
    let sign = CryptoCall::Sign {
        key: 1,
        how: Signing::Pkcs1(Hash::Sha256),
    };
    assert_eq!(done(&mut keys, &sign, b"abc"), hex(RSA_ABC));
    for how in [
        Signing::Pkcs1(Hash::Md5),
        Signing::Pkcs1(Hash::Sha1),
        Signing::Pkcs1(Hash::Sha512),
        Signing::Pss(Hash::Sha256, 0),
        Signing::Pss(Hash::Sha256, 32),
        Signing::Pss(Hash::Sha512, 62),
    ] {
        let signature = done(&mut keys, &CryptoCall::Sign { key: 1, how }, b"abc");
        let verify = CryptoCall::Verify {
            key: 2,
            how,
            signature: &signature,
        };
        assert_eq!(done(&mut keys, &verify, b"abc"), [1], "{how:?}");
        assert_eq!(done(&mut keys, &verify, b"abd"), [0], "{how:?}");
    }
    let how = Cipher::Oaep {
        hash: Hash::Sha1,
        label: b"label",
    };
    let sealed = done(&mut keys, &CryptoCall::Encrypt { key: 2, how }, b"secret");
    let open = |how| CryptoCall::Decrypt {
        key: 1,
        how,
        into: None,
    };
    assert_eq!(done(&mut keys, &open(how), &sealed), b"secret");
    let other = Cipher::Oaep {
        hash: Hash::Sha1,
        label: b"",
    };
    assert_eq!(
        call(&mut keys, &open(other), &sealed).0,
        CryptoStatus::BadData
    );
}

fn export(keys: &mut Keys, key: u32, form: KeyForm) -> Vec<u8> {
    done(keys, &CryptoCall::Export { key, form }, b"")
}

/// Takes a pair in as DER, and in and out in every form that it has.
fn every_form(pkcs8: &str, spki: &str) {
    let (pkcs8, spki) = (hex(pkcs8), hex(spki));
    let mut keys = Keys::default();
    import(&mut keys, 1, KeySource::Pkcs8, &pkcs8);
    import(&mut keys, 2, KeySource::Spki, &spki);
    assert_eq!(export(&mut keys, 1, KeyForm::Pkcs8), pkcs8);
    assert_eq!(export(&mut keys, 2, KeyForm::Spki), spki);
    let private = export(&mut keys, 1, KeyForm::Parts);
    let private: KeyParts<'_> = postcard::from_bytes(&private).unwrap();
    let public = export(&mut keys, 2, KeyForm::Parts);
    let public: KeyParts<'_> = postcard::from_bytes(&public).unwrap();
    assert_eq!(&private[..2], &public[..]);
    let curve = match private.len() {
        3 => Some(match (private[0].len(), private[1].len()) {
            (48, _) => Curve::P384,
            (66, _) => Curve::P521,
            (_, 0) if spki[8] == 0x70 => Curve::Ed25519,
            (_, 0) => Curve::X25519,
            _ => Curve::P256,
        }),
        _ => None,
    };
    for (id, parts) in [(3, &private), (4, &public)] {
        let source = match curve {
            Some(curve) => KeySource::Ec {
                curve,
                x: parts[0],
                y: parts[1],
                d: parts.get(2).copied(),
            },
            None => KeySource::Rsa {
                n: parts[0],
                e: parts[1],
                d: parts.get(2).copied(),
                primes: parts.get(3..).map(|primes| primes.try_into().unwrap()),
            },
        };
        import(&mut keys, id, source, b"");
    }
    assert_eq!(export(&mut keys, 3, KeyForm::Pkcs8), pkcs8);
    assert_eq!(export(&mut keys, 4, KeyForm::Spki), spki);
    if let Some(curve) = curve {
        let point = export(&mut keys, 2, KeyForm::Raw);
        import(&mut keys, 5, KeySource::Point(curve), &point);
        assert_eq!(export(&mut keys, 5, KeyForm::Spki), spki);
    } else {
        // The exponents alone: the primes are found.
        let source = KeySource::Rsa {
            n: private[0],
            e: private[1],
            d: Some(private[2]),
            primes: None,
        };
        import(&mut keys, 5, source, b"");
    }
    for (key, form) in [(1, KeyForm::Spki), (2, KeyForm::Pkcs8), (1, KeyForm::Raw)] {
        let (status, _) = call(&mut keys, &CryptoCall::Export { key, form }, b"");
        assert_eq!(status, CryptoStatus::WrongKey);
    }
    // Kept with a snapshot, they are the same.
    let kept = Kept::read(&keys.keep().unwrap()).unwrap();
    let mut restored = Keys::of(&kept);
    assert_eq!(
        (restored.len(), restored.bytes()),
        (keys.len(), keys.bytes())
    );
    assert_eq!(export(&mut restored, 1, KeyForm::Pkcs8), pkcs8);
    assert_eq!(export(&mut restored, 2, KeyForm::Spki), spki);
}

#[test]
fn keys_go_in_and_out_in_every_form() {
    every_form(RSA_PKCS8, RSA_SPKI);
    every_form(P256_PKCS8, P256_SPKI);
    every_form(P384_PKCS8, P384_SPKI);
    every_form(P521_PKCS8, P521_SPKI);
    every_form(ED25519_PKCS8, ED25519_SPKI);
    every_form(X25519_PKCS8, X25519_SPKI);
}

#[test]
fn older_forms_of_private_keys_are_read() {
    let mut keys = Keys::default();
    import(&mut keys, 1, KeySource::Pkcs8, &hex(P256_SEC1));
    assert_eq!(export(&mut keys, 1, KeyForm::Pkcs8), hex(P256_PKCS8));
}

fn generated(plan: KeyPlan, how: Signing) {
    let mut keys = Keys::default();
    let generate = CryptoCall::Generate {
        id: 1,
        public: 2,
        plan,
    };
    done(&mut keys, &generate, b"");
    let signature = done(&mut keys, &CryptoCall::Sign { key: 1, how }, b"message");
    let verify = CryptoCall::Verify {
        key: 2,
        how,
        signature: &signature,
    };
    assert_eq!(done(&mut keys, &verify, b"message"), [1], "{plan:?}");
    assert_eq!(done(&mut keys, &verify, b"massage"), [0], "{plan:?}");
}

#[test]
fn what_was_generated_works() {
    for curve in [Curve::P256, Curve::P384, Curve::P521] {
        for hash in [Hash::Sha1, Hash::Sha256, Hash::Sha384, Hash::Sha512] {
            generated(KeyPlan::Ec { curve }, Signing::Ecdsa(hash));
        }
    }
    let curve = Curve::Ed25519;
    generated(KeyPlan::Ec { curve }, Signing::Ed25519);
    for (bits, exponent) in [(512, 65_537), (1024, 3)] {
        generated(
            KeyPlan::Rsa { bits, exponent },
            Signing::Pkcs1(Hash::Sha256),
        );
    }
    let mut keys = Keys::default();
    let plan = KeyPlan::Secret { bits: 11 };
    let generate = CryptoCall::Generate {
        id: 1,
        public: 0,
        plan,
    };
    done(&mut keys, &generate, b"");
    let secret = export(&mut keys, 1, KeyForm::Raw);
    assert_eq!((secret.len(), secret[1] & 0x1f), (2, 0));
}
