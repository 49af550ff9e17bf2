//! Hashes, passwords, encryption, keys and certificates (Sprig `crypto.go`), by the crates of RustCrypto and
//! dalek. Under a seed all of it repeats; each costly call is counted ([`Env::spend`]).

mod certificate;
mod keys;
mod passwords;
mod pem;

use std::net::IpAddr;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use aes::cipher::block_padding::NoPadding;
use aes::cipher::{BlockModeDecrypt, BlockModeEncrypt, KeyIvInit};
use sha1::Digest;

use self::certificate::{Pair, Signer, Template};
use self::keys::PrivateKey;
use super::encoding::decode_base64;
use super::random::Random;
use super::{Env, Function, FunctionError, FunctionResult, Type, args};
use crate::value::{Str, Value};

const CERTIFICATE: Type = Type::Other("sprig.certificate");
const TWO_STRINGS: &[Type] = &[Type::String, Type::String];

/// The functions of this family.
pub const FUNCTIONS: &[Function] = &[
    Function::new("sha1sum", &[Type::String], Type::String, |_, given| {
        hex(&sha1::Sha1::digest(args::string(given, 0)?.as_bytes()))
    }),
    Function::new("sha256sum", &[Type::String], Type::String, |_, given| {
        hex(&sha2::Sha256::digest(args::string(given, 0)?.as_bytes()))
    }),
    Function::new("sha512sum", &[Type::String], Type::String, |_, given| {
        hex(&sha2::Sha512::digest(args::string(given, 0)?.as_bytes()))
    }),
    Function::new("adler32sum", &[Type::String], Type::String, |_, given| {
        Ok(adler2::adler32_slice(args::string(given, 0)?.as_bytes()).to_string().into())
    }),
    Function::new("bcrypt", &[Type::String], Type::String, passwords::bcrypt),
    Function::new("htpasswd", TWO_STRINGS, Type::String, passwords::htpasswd),
    Function::new(
        "derivePassword",
        &[Type::Other("uint32"), Type::String, Type::String, Type::String, Type::String],
        Type::String,
        passwords::derive,
    ),
    Function::new("encryptAES", TWO_STRINGS, Type::String, encrypt),
    Function::new("decryptAES", TWO_STRINGS, Type::String, decrypt),
    Function::new("genPrivateKey", &[Type::String], Type::String, private_key),
    Function::new("buildCustomCert", TWO_STRINGS, CERTIFICATE, custom),
    Function::new("genCA", &[Type::String, Type::Int], CERTIFICATE, |env, given| {
        let key = new_key(env, "genCA", given)?;
        fresh(env, "genCA", given, subject(env, given, 1, true)?, key, None)
    }),
    Function::new("genCAWithKey", &[Type::String, Type::Int, Type::String], CERTIFICATE, |env, given| {
        let key = given_key(env, "genCAWithKey", given, 2)?;
        self_signed(env, "genCAWithKey", given, &subject(env, given, 1, true)?, &key)
    }),
    Function::new(
        "genSelfSignedCert",
        &[Type::String, Type::List, Type::List, Type::Int],
        CERTIFICATE,
        |env, given| {
            // Go makes the key first, and looks at the names then; the error is the same.
            let template = subject(env, given, 3, false)?;
            let key = new_key(env, "genSelfSignedCert", given)?;
            fresh(env, "genSelfSignedCert", given, template, key, None)
        },
    ),
    Function::new(
        "genSelfSignedCertWithKey",
        &[Type::String, Type::List, Type::List, Type::Int, Type::String],
        CERTIFICATE,
        |env, given| {
            let key = given_key(env, "genSelfSignedCertWithKey", given, 4)?;
            self_signed(env, "genSelfSignedCertWithKey", given, &subject(env, given, 3, false)?, &key)
        },
    ),
    Function::new(
        "genSignedCert",
        &[Type::String, Type::List, Type::List, Type::Int, CERTIFICATE],
        CERTIFICATE,
        |env, given| {
            let key = new_key(env, "genSignedCert", given)?;
            let authority = authority(given)?;
            if authority.cert.is_waiting() && authority.key.is_waiting() {
                env.spend("genSignedCert", signing_cost(RSA_2048_TEXT))?;
                return fresh(
                    env,
                    "genSignedCert",
                    given,
                    subject(env, given, 3, false)?,
                    key,
                    Some(authority),
                );
            }
            signed(env, "genSignedCert", given, authority, &*make_key(env, &key)?)
        },
    ),
    Function::new(
        "genSignedCertWithKey",
        &[Type::String, Type::List, Type::List, Type::Int, CERTIFICATE, Type::String],
        CERTIFICATE,
        |env, given| {
            let key = given_key(env, "genSignedCertWithKey", given, 5)?;
            signed(env, "genSignedCertWithKey", given, authority(given)?, &key)
        },
    ),
];

/// What an RSA key of 2048 bits takes on average.
const RSA_2048_COST: Duration = Duration::from_millis(50);
/// What an RSA key of 4096 bits takes on average.
const RSA_4096_COST: Duration = Duration::from_millis(700);
/// What a DSA key takes on average.
const DSA_COST: Duration = Duration::from_millis(400);
/// What a key on a curve takes.
const CURVE_COST: Duration = Duration::from_micros(200);

/// About so many bytes of text are such a key.
const RSA_2048_TEXT: usize = 1_700;

/// What it takes to read a key from a text of so many bytes and to sign with it. That grows with the cube of an
/// RSA key's size; 2048 bits are some 1,700 bytes of text and take a millisecond, as does any key on a curve.
fn signing_cost(text: usize) -> Duration {
    Duration::from_micros((text as u64).saturating_pow(3) / 5_000_000).max(Duration::from_millis(1))
}

fn hex(hash: &[u8]) -> FunctionResult {
    Ok(data_encoding::HEXLOWER.encode(hash).into())
}

/// The first 32 bytes of a password, zeros where it is shorter.
fn aes_key(password: &Str) -> [u8; 32] {
    let mut key = [0; 32];
    for (to, from) in key.iter_mut().zip(password.as_bytes()) {
        *to = *from;
    }
    key
}

fn encrypt(env: &Env, given: &[Value]) -> FunctionResult {
    let (password, text) = (args::string(given, 0)?, args::string(given, 1)?);
    if text.is_empty() {
        return Ok(Value::String(Str::EMPTY));
    }
    env.check_size("encryptAES", text.len().saturating_mul(2))?;
    let mut iv = [0; 16];
    env.random("encryptAES", given)?.fill(&mut iv);
    let padding = 16 - text.len() % 16;
    let mut bytes = text.as_bytes().to_vec();
    bytes.extend(std::iter::repeat_n(padding as u8, padding));
    let length = bytes.len();
    let cipher = cbc::Encryptor::<aes::Aes256>::new(&aes_key(password).into(), &iv.into());
    let encrypted = cipher
        .encrypt_padded::<NoPadding>(&mut bytes, length)
        .map_err(|_| FunctionError::new("crypto/cipher: input not full blocks"))?;
    Ok(data_encoding::BASE64.encode(&[&iv[..], encrypted].concat()).into())
}

fn decrypt(_: &Env, given: &[Value]) -> FunctionResult {
    let (password, text) = (args::string(given, 0)?, args::string(given, 1)?);
    if text.is_empty() {
        return Ok(Value::String(Str::EMPTY));
    }
    let mut bytes = decode_base64(text.as_bytes())
        .map_err(|at| FunctionError::new(format!("illegal base64 data at input byte {at}")))?;
    // Go's decoder makes room for three bytes per four characters, line breaks included.
    let capacity = text.len() / 4 * 3;
    let Some((iv, encrypted)) = bytes.split_first_chunk_mut::<16>() else {
        let message = format!("runtime error: slice bounds out of range [:16] with capacity {capacity}");
        return Err(message.into());
    };
    let cipher = cbc::Decryptor::<aes::Aes256>::new(&aes_key(password).into(), &(*iv).into());
    let decrypted = cipher
        .decrypt_padded::<NoPadding>(encrypted)
        .map_err(|_| FunctionError::new("crypto/cipher: input not full blocks"))?;
    // The last byte says how many bytes were added.
    let Some(padding) = decrypted.last() else {
        return Err("runtime error: index out of range [-1]".into());
    };
    let end = decrypted.len() as i64 - i64::from(*padding);
    let kept = usize::try_from(end).ok().and_then(|end| decrypted.get(..end));
    kept.map(Value::string)
        .ok_or_else(|| FunctionError::new(format!("runtime error: slice bounds out of range [:{end}]")))
}

fn private_key(env: &Env, given: &[Value]) -> FunctionResult {
    let kind = args::string(given, 0)?.to_text();
    let cost = match kind.as_ref() {
        "" | "rsa" => RSA_4096_COST,
        "dsa" => DSA_COST,
        "ecdsa" | "ed25519" => CURVE_COST,
        _ => return Ok(format!("Unknown type {kind}").into()),
    };
    env.spend("genPrivateKey", cost)?;
    let random = env.random("genPrivateKey", given)?;
    let key = env.kept(&random, || match kind.as_ref() {
        "dsa" => PrivateKey::dsa(&mut random.clone()),
        "ecdsa" => Ok(PrivateKey::ecdsa(&mut random.clone())),
        "ed25519" => Ok(PrivateKey::ed25519(&mut random.clone())),
        _ => PrivateKey::rsa(&random, 4096),
    });
    match key.and_then(|key| key.to_pem()) {
        Ok(text) => Ok(text.into()),
        Err(e) => Ok(format!("failed to generate private key: {e}").into()),
    }
}

/// What the new key of a certificate is made from. It is paid for here, whether it is made or not.
fn new_key(env: &Env, function: &'static str, given: &[Value]) -> Result<Random, FunctionError> {
    env.spend(function, RSA_2048_COST)?;
    env.random(function, given)
}

/// The new key of a certificate.
fn make_key(env: &Env, random: &Random) -> Result<Arc<PrivateKey>, FunctionError> {
    env.kept(random, || PrivateKey::rsa(random, 2048)).map_err(|e| FunctionError::new(no_key(&e)))
}

fn no_key(why: &str) -> String {
    format!("error generating rsa key: {why}")
}

/// The key that a function was given.
fn given_key(
    env: &Env,
    function: &'static str,
    given: &[Value],
    index: usize,
) -> Result<PrivateKey, FunctionError> {
    let text = args::string(given, index)?.as_bytes();
    env.spend(function, signing_cost(text.len()))?;
    PrivateKey::from_pem(text).map_err(|e| FunctionError::new(format!("parsing private key: {e}")))
}

/// What a certificate shall say, from a function's arguments: the name, IP addresses and DNS names if there
/// are any, and the days it is valid (`getBaseCertTemplate`).
fn subject(env: &Env, given: &[Value], days: usize, is_ca: bool) -> Result<Template, FunctionError> {
    let mut template = Template {
        common_name: args::string(given, 0)?.to_text().into_owned(),
        ips: Vec::new(),
        dns_names: Vec::new(),
        not_before: env.now().as_second(),
        not_after: 0,
        is_ca,
    };
    if days == 3 {
        for ip in strings(env, given, 1, "error parsing ip")? {
            let text = ip.to_text();
            let ip = text.parse::<IpAddr>().map_err(|_| format!("error parsing ip: {text}"))?;
            template.ips.push(ip);
        }
        for name in strings(env, given, 2, "error processing alternate dns name")? {
            template.dns_names.push(name.to_text().into_owned());
        }
    }
    // Go counts in nanoseconds, which overflow after 292 years.
    let nanoseconds = args::int(given, days)?.wrapping_mul(24 * 3600 * 1_000_000_000);
    template.not_after = template.not_before + nanoseconds / 1_000_000_000;
    Ok(template)
}

/// The strings of a list that may be nil.
fn strings(env: &Env, given: &[Value], index: usize, what: &str) -> Result<Vec<Str>, FunctionError> {
    let value = args::any(given, index);
    if value.is_nil() {
        return Ok(Vec::new());
    }
    let list = args::slice(value).ok_or_else(|| args::wrong_type("[]interface {}", value))?;
    let text = |item: &Value| match item {
        Value::String(s) => Ok(s.clone()),
        other => {
            let shown = super::convert::sprint(env, other)?;
            Err(FunctionError::new(format!("{what}: {shown} is not a string")))
        }
    };
    list.items().iter().map(text).collect()
}

fn self_signed(
    env: &Env,
    function: &'static str,
    given: &[Value],
    template: &Template,
    key: &PrivateKey,
) -> FunctionResult {
    let serial = serial(env, function, given)?;
    Ok(pair(&serial, template, key, &Signer { key, certificate: None })?.into_value())
}

/// The certificate that shall sign another.
fn authority(given: &[Value]) -> Result<&Pair, FunctionError> {
    let value = args::any(given, 4);
    let authority: Option<&Pair> = match value {
        Value::Object(o) => o.as_any().downcast_ref(),
        _ => None,
    };
    authority.ok_or_else(|| args::wrong_type("sprig.certificate", value))
}

fn signed(
    env: &Env,
    function: &'static str,
    given: &[Value],
    authority: &Pair,
    key: &PrivateKey,
) -> FunctionResult {
    let certificate = certificate::parse(authority.cert.as_bytes())?;
    env.spend(function, signing_cost(authority.key.len()))?;
    let signer = signer_key(authority)?;
    let template = subject(env, given, 3, false)?;
    let serial = serial(env, function, given)?;
    let signer = Signer { key: &signer, certificate: Some(&certificate) };
    Ok(pair(&serial, &template, key, &signer)?.into_value())
}

fn signer_key(authority: &Pair) -> Result<PrivateKey, FunctionError> {
    PrivateKey::from_pem(authority.key.as_bytes())
        .map_err(|e| FunctionError::new(format!("error parsing private key: {e}")))
}

/// What a serial number is made from. Not the stream of the key: a serial number is no secret.
fn serial(env: &Env, function: &'static str, given: &[Value]) -> Result<Random, FunctionError> {
    Ok(env.random(function, given)?.fork(u8::MAX))
}

/// A certificate with a key of its own, signed by itself or by an authority of the same kind.
///
/// Many charts make keys and then find one that is there already, so both are made when somebody looks at them.
/// What may be wrong with the arguments is told at once, as Sprig does. Nothing is put off under a seed: there the
/// arguments, and with them the authority, decide on the key.
fn fresh(
    env: &Env,
    function: &'static str,
    given: &[Value],
    template: Template,
    key: Random,
    authority: Option<&Pair>,
) -> FunctionResult {
    let serial = serial(env, function, given)?;
    if env.is_seeded() {
        return Ok(issue(&serial, &template, &*make_key(env, &key)?, authority)?.into_value());
    }
    template.check().map_err(not_created)?;
    let weight = template.weight();
    let (authority, broken) = (authority.cloned(), env.broken());
    let made = Arc::new(LazyLock::new(move || {
        let key = PrivateKey::rsa(&key, 2048).map_err(|e| FunctionError::new(no_key(&e)));
        let made = key.and_then(|key| issue(&serial, &template, &key, authority.as_ref()));
        made.unwrap_or_else(|e| {
            broken.lock().get_or_insert_with(|| format!("{function}: {}", e.message));
            Pair { cert: Str::EMPTY, key: Str::EMPTY }
        })
    }));
    let cert = made.clone();
    Ok(Pair {
        cert: Str::late(weight, move || cert.cert.clone()),
        key: Str::late(RSA_2048_TEXT, move || made.key.clone()),
    }
    .into_value())
}

fn issue(
    serial: &Random,
    template: &Template,
    key: &PrivateKey,
    authority: Option<&Pair>,
) -> Result<Pair, FunctionError> {
    let Some(authority) = authority else {
        return pair(serial, template, key, &Signer { key, certificate: None });
    };
    let certificate = certificate::parse(authority.cert.as_bytes())?;
    let signer = signer_key(authority)?;
    pair(serial, template, key, &Signer { key: &signer, certificate: Some(&certificate) })
}

fn pair(
    serial: &Random,
    template: &Template,
    key: &PrivateKey,
    signer: &Signer<'_>,
) -> Result<Pair, FunctionError> {
    let cert = certificate::create(&mut serial.clone(), template, key, signer).map_err(not_created)?;
    let key = key.to_pem().map_err(|e| FunctionError::new(format!("error pem-encoding key: {e}")))?;
    Ok(Pair { cert: cert.into(), key: key.into() })
}

fn not_created(why: String) -> FunctionError {
    FunctionError::new(format!("error creating certificate: {why}"))
}

/// `buildCustomCert`: a certificate and its key from base64, after a look at both.
fn custom(env: &Env, given: &[Value]) -> FunctionResult {
    let base64 = |index: usize, what: &str| {
        decode_base64(args::string(given, index)?.as_bytes())
            .map_err(|_| FunctionError::new(format!("unable to decode base64 {what}")))
    };
    let (cert, key) = (base64(0, "certificate")?, base64(1, "private key")?);
    env.spend("buildCustomCert", signing_cost(key.len()))?;
    certificate::parse(&cert).map_err(|e| e.replace("decodedSignerCert", "decodedCert"))?;
    PrivateKey::from_pem(&key).map_err(|e| format!("error parsing private key: {e}"))?;
    Ok(Pair { cert: cert.into(), key: key.into() }.into_value())
}

#[cfg(test)]
mod tests;
