//! Private keys of the kinds that Sprig makes and reads (`crypto.go`).

use std::num::NonZeroU32;

use crypto_bigint::{BoxedUint, NonZero, Odd, Resize};
use crypto_primes::hazmat::{SetBits, SmallFactorsSieve, random_odd_integer};
use crypto_primes::{Flavor, is_prime};
use der::asn1::Uint;
use der::{Decode, Encode};
use ed25519_dalek::pkcs8::KeypairBytes;
use p256::elliptic_curve::Generate;
use rsa::pkcs1::{DecodeRsaPrivateKey, EncodeRsaPrivateKey};
use rsa::pkcs8::{DecodePrivateKey, EncodePrivateKey, EncodePublicKey};
use x509_cert::der;

use super::pem;
use crate::functions::random::Random;

/// A private key.
pub(super) enum PrivateKey {
    Rsa(Box<rsa::PrivateKey>),
    Ecdsa(p256::SecretKey),
    Ed25519(ed25519_dalek::SigningKey),
    Dsa(Box<DsaKey>),
}

/// A DSA key in Sprig's form, since Go has none of its own: a version, p, q, g, y and x.
pub(super) struct DsaKey(Vec<Uint>);

impl PrivateKey {
    /// Makes an RSA key with the exponent 65537. The primes are searched on two threads, each with a stream of
    /// randomness of its own, so the key follows from the stream alone.
    pub fn rsa(random: &Random, bits: u32) -> Result<PrivateKey, String> {
        for attempt in 0..u8::MAX / 2 {
            let (mut first, mut second) = (random.fork(2 * attempt), random.fork(2 * attempt + 1));
            let (p, q) = std::thread::scope(|scope| {
                let p = scope.spawn(move || prime(&mut first, bits / 2));
                let q = prime(&mut second, bits / 2);
                (p.join(), q)
            });
            let p = p.map_err(|_| "the search for a prime failed")??;
            // Two equal primes, or one that doesn't go with the exponent, are improbable; then others are tried.
            match rsa::PrivateKey::from_p_q(p, q?, BoxedUint::from(65_537_u64)) {
                Ok(key) => return Ok(PrivateKey::Rsa(Box::new(key))),
                Err(_) => continue,
            }
        }
        Err("no RSA key was found".to_string())
    }

    /// Makes a key on the curve P-256.
    pub fn ecdsa(random: &mut Random) -> PrivateKey {
        PrivateKey::Ecdsa(p256::SecretKey::generate_from_rng(random))
    }

    /// Makes an Ed25519 key.
    pub fn ed25519(random: &mut Random) -> PrivateKey {
        let mut secret = [0; 32];
        random.fill(&mut secret);
        PrivateKey::Ed25519(ed25519_dalek::SigningKey::from_bytes(&secret))
    }

    /// Makes a DSA key of 2048 and 256 bits.
    pub fn dsa(random: &mut Random) -> Result<PrivateKey, String> {
        let components = dsa_components(random)?;
        let Ok(key) = dsa::SigningKey::try_generate_from_rng_with_components(random, components);
        let public = key.verifying_key();
        let parameters = public.components();
        let numbers: [&BoxedUint; 5] = [
            parameters.p().as_ref(),
            parameters.q().as_ref(),
            parameters.g().as_ref(),
            public.y().as_ref(),
            key.x().as_ref(),
        ];
        let version = Uint::new(&[0]);
        let numbers: der::Result<Vec<Uint>> =
            std::iter::once(version).chain(numbers.map(|n| Uint::new(&n.to_be_bytes()))).collect();
        Ok(PrivateKey::Dsa(Box::new(DsaKey(numbers.map_err(|e| e.to_string())?))))
    }

    /// Writes the key as Sprig does (`pemBlockForKey`).
    pub fn to_pem(&self) -> Result<String, String> {
        let failed = |e: &dyn std::fmt::Display| e.to_string();
        Ok(match self {
            PrivateKey::Rsa(key) => {
                pem::encode("RSA PRIVATE KEY", key.to_pkcs1_der().map_err(|e| failed(&e))?.as_bytes())
            }
            PrivateKey::Ecdsa(key) => {
                pem::encode("EC PRIVATE KEY", &key.to_sec1_der().map_err(|e| failed(&e))?)
            }
            PrivateKey::Ed25519(key) => {
                // Go leaves out the public key, which is optional.
                let bytes = KeypairBytes { secret_key: key.to_bytes(), public_key: None };
                pem::encode("PRIVATE KEY", bytes.to_pkcs8_der().map_err(|e| failed(&e))?.as_bytes())
            }
            PrivateKey::Dsa(key) => pem::encode("DSA PRIVATE KEY", &key.0.to_der().map_err(|e| failed(&e))?),
        })
    }

    /// Reads a key (`parsePrivateKeyPEM`).
    pub fn from_pem(text: &[u8]) -> Result<PrivateKey, String> {
        let block = pem::decode(text).ok_or("no PEM data in input")?;
        let bytes = &block.bytes;
        if block.kind == "PRIVATE KEY" {
            return from_pkcs8(bytes).map_err(|e| format!("decoding PEM as PKCS#8: {e}"));
        }
        let Some(kind) = block.kind.strip_suffix(" PRIVATE KEY") else {
            return Err(format!("no private key data in PEM block of type {}", block.kind));
        };
        match kind {
            "RSA" => rsa::PrivateKey::from_pkcs1_der(bytes)
                .map(|key| PrivateKey::Rsa(Box::new(key)))
                .map_err(|e| format!("parsing RSA private key from PEM: {e}")),
            "EC" => p256::SecretKey::from_sec1_der(bytes)
                .map(PrivateKey::Ecdsa)
                .map_err(|e| format!("parsing EC private key from PEM: {e} (of the curves, P-256 is known)")),
            "DSA" => Vec::<Uint>::from_der(bytes)
                .and_then(|key| if key.len() == 6 { Ok(key) } else { Err(der::ErrorKind::Failed.into()) })
                .map(|key| PrivateKey::Dsa(Box::new(DsaKey(key))))
                .map_err(|e| format!("parsing DSA private key from PEM: {e}")),
            _ => Err(format!("invalid private key type {kind}")),
        }
    }

    /// The public key as certificates hold it.
    pub fn public_key(&self) -> Result<Vec<u8>, String> {
        let document = match self {
            PrivateKey::Rsa(key) => key.to_public_key().to_public_key_der(),
            PrivateKey::Ecdsa(key) => key.public_key().to_public_key_der(),
            PrivateKey::Ed25519(key) => key.verifying_key().to_public_key_der(),
            PrivateKey::Dsa(_) => {
                return Err("x509: certificate private key does not implement crypto.Signer".to_string());
            }
        };
        document.map(|d| d.into_vec()).map_err(|e| e.to_string())
    }
}

fn from_pkcs8(bytes: &[u8]) -> Result<PrivateKey, String> {
    if let Ok(key) = p256::SecretKey::from_pkcs8_der(bytes) {
        return Ok(PrivateKey::Ecdsa(key));
    }
    if let Ok(key) = ed25519_dalek::SigningKey::from_pkcs8_der(bytes) {
        return Ok(PrivateKey::Ed25519(key));
    }
    let key = rsa::PrivateKey::from_pkcs8_der(bytes).map_err(|e| e.to_string())?;
    Ok(PrivateKey::Rsa(Box::new(key)))
}

/// A prime of this many bits, the two highest of which are set.
fn prime(random: &mut Random, bits: u32) -> Result<BoxedUint, String> {
    let length = NonZeroU32::new(bits).ok_or("a prime has at least one bit")?;
    loop {
        let start: Odd<BoxedUint> =
            random_odd_integer(random, length, SetBits::TwoMsb).map_err(|e| e.to_string())?;
        let sieve = SmallFactorsSieve::new(start.get(), length, false).map_err(|e| e.to_string())?;
        if let Some(prime) = sieve.into_iter().find(|candidate| is_prime(Flavor::Any, candidate)) {
            return Ok(prime);
        }
    }
}

/// The numbers that users of DSA may share. Candidates with a small factor are dropped before the costly test,
/// which makes the search ten times as quick.
fn dsa_components(random: &mut Random) -> Result<dsa::Components, String> {
    let q = prime(random, 256)?;
    let double = NonZero::new(q.clone().resize_unchecked(2048).shl_vartime(1).unwrap_or_default())
        .into_option()
        .ok_or("a prime is zero")?;
    let one = BoxedUint::one_with_precision(2048);
    for _ in 0..100_000 {
        let mut bytes = [0; 256];
        random.fill(&mut bytes);
        bytes[0] |= 0x80;
        let start = BoxedUint::from_be_slice(&bytes, 2048).map_err(|e| e.to_string())?;
        let p = &start - (&start % &double) + &one;
        if p.bit_width_vartime() != 2048 || has_small_factor(&p) || !is_prime(Flavor::Any, &p) {
            continue;
        }
        let exponent = (&p - &one) / NonZero::new(q.clone()).into_option().ok_or("a prime is zero")?;
        let modulus = Odd::new(p.clone()).into_option().ok_or("a prime is even")?;
        let parameters = crypto_bigint::modular::BoxedMontyParams::new_vartime(modulus);
        let two = BoxedUint::from(2_u64).resize_unchecked(2048);
        let g = crypto_bigint::modular::BoxedMontyForm::new(two, &parameters).pow(&exponent).retrieve();
        if g > one {
            return dsa::Components::from_components(p, q, g).map_err(|e| e.to_string());
        }
    }
    Err("no DSA parameters were found".to_string())
}

fn has_small_factor(n: &BoxedUint) -> bool {
    let bytes = n.to_be_bytes();
    let remainder = |divisor: u64| bytes.iter().fold(0, |r, b| (r * 256 + u64::from(*b)) % divisor);
    (3..2000).step_by(2).any(|divisor| remainder(divisor) == 0)
}
