//! Passwords: bcrypt, htpasswd, and derived from a master password (Sprig `crypto.go`).

use std::time::Duration;

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::functions::{Env, FunctionError, FunctionResult, args};
use crate::value::{Str, Value};

/// What a hash takes, which is of 2^10 rounds.
pub(super) const BCRYPT_COST: Duration = Duration::from_millis(55);
/// What a derivation takes, which is by scrypt with N = 2^15, r = 8, p = 2.
const SCRYPT_COST: Duration = Duration::from_millis(115);

/// `bcrypt`: Go's library with its default cost of 10.
pub(super) fn bcrypt(env: &Env, given: &[Value]) -> FunctionResult {
    hash(env, "bcrypt", given, args::string(given, 0)?)
}

/// `htpasswd`: a line of such a file.
pub(super) fn htpasswd(env: &Env, given: &[Value]) -> FunctionResult {
    let (user, password) = (args::string(given, 0)?, args::string(given, 1)?);
    if user.as_bytes().contains(&b':') {
        return Ok(Value::string([b"invalid username: ", user.as_bytes()].concat()));
    }
    let Value::String(hash) = hash(env, "htpasswd", given, password)? else { return Ok(Value::Null) };
    Ok(Value::string([user.as_bytes(), b":", hash.as_bytes()].concat()))
}

fn hash(env: &Env, function: &'static str, given: &[Value], password: &Str) -> FunctionResult {
    if password.len() > 72 {
        let message = "failed to encrypt string with bcrypt: bcrypt: password length exceeds 72 bytes";
        return Ok(Value::String(Str::from_static(message)));
    }
    env.spend(function, BCRYPT_COST)?;
    let random = env.random(function, given)?;
    let hash = env.kept(&random, || {
        let mut salt = [0; 16];
        random.clone().fill(&mut salt);
        bcrypt::hash_with_salt(password.as_bytes(), 10, salt)
            .map(|hash| hash.format_for_version(bcrypt::Version::TwoA))
            .map_err(|e| FunctionError::new(format!("failed to encrypt string with bcrypt: {e}")))
    })?;
    Ok(hash.as_str().into())
}

/// `derivePassword`: the Master Password algorithm.
pub(super) fn derive(env: &Env, given: &[Value]) -> FunctionResult {
    let counter = args::int(given, 0)? as u32;
    let kind = args::string(given, 1)?.to_text();
    let (password, user) = (args::string(given, 2)?, args::string(given, 3)?);
    let site = args::string(given, 4)?;
    let templates: &[&str] = match kind.as_ref() {
        "maximum" => &["anoxxxxxxxxxxxxxxxxx", "axxxxxxxxxxxxxxxxxno"],
        "long" => &[
            "CvcvnoCvcvCvcv",
            "CvcvCvcvnoCvcv",
            "CvcvCvcvCvcvno",
            "CvccnoCvcvCvcv",
            "CvccCvcvnoCvcv",
            "CvccCvcvCvcvno",
            "CvcvnoCvccCvcv",
            "CvcvCvccnoCvcv",
            "CvcvCvccCvcvno",
            "CvcvnoCvcvCvcc",
            "CvcvCvcvnoCvcc",
            "CvcvCvcvCvccno",
            "CvccnoCvccCvcv",
            "CvccCvccnoCvcv",
            "CvccCvccCvcvno",
            "CvcvnoCvccCvcc",
            "CvcvCvccnoCvcc",
            "CvcvCvccCvccno",
            "CvccnoCvcvCvcc",
            "CvccCvcvnoCvcc",
            "CvccCvcvCvccno",
        ],
        "medium" => &["CvcnoCvc", "CvcCvcno"],
        "short" => &["Cvcn"],
        "basic" => &["aaanaaan", "aannaaan", "aaannaaa"],
        "pin" => &["nnnn"],
        _ => return Ok(format!("cannot find password template {kind}").into()),
    };
    env.spend("derivePassword", SCRYPT_COST)?;
    const SCOPE: &[u8] = b"com.lyndir.masterpassword";
    let salt = [SCOPE, &(user.len() as u32).to_be_bytes(), user.as_bytes()].concat();
    let failed = |e: &dyn std::fmt::Display| FunctionError::new(format!("failed to derive password: {e}"));
    let params = scrypt::Params::new(15, 8, 2).map_err(|e| failed(&e))?;
    let mut key = [0; 64];
    scrypt::scrypt(password.as_bytes(), &salt, &params, &mut key).map_err(|e| failed(&e))?;
    let mut mac = Hmac::<Sha256>::new_from_slice(&key).map_err(|e| failed(&e))?;
    for part in [SCOPE, &(site.len() as u32).to_be_bytes(), site.as_bytes(), &counter.to_be_bytes()] {
        mac.update(part);
    }
    let seed = mac.finalize().into_bytes();
    let (first, rest) = seed.split_first().ok_or("an empty hash")?;
    let template = templates.get(usize::from(*first) % templates.len()).copied().unwrap_or_default();
    let pick = |(class, byte): (u8, &u8)| {
        let characters = characters(class);
        characters.get(usize::from(*byte) % characters.len()).copied()
    };
    let password: Vec<u8> = template.bytes().zip(rest).filter_map(pick).collect();
    Ok(Value::string(password))
}

/// The characters that a letter of a template stands for.
fn characters(class: u8) -> &'static [u8] {
    match class {
        b'V' => b"AEIOU",
        b'C' => b"BCDFGHJKLMNPQRSTVWXYZ",
        b'v' => b"aeiou",
        b'c' => b"bcdfghjklmnpqrstvwxyz",
        b'A' => b"AEIOUBCDFGHJKLMNPQRSTVWXYZ",
        b'a' => b"AEIOUaeiouBCDFGHJKLMNPQRSTVWXYZbcdfghjklmnpqrstvwxyz",
        b'n' => b"0123456789",
        b'o' => b"@&%?,=[]_:-+*$#!'^~;()/.",
        _ => b"AEIOUaeiouBCDFGHJKLMNPQRSTVWXYZbcdfghjklmnpqrstvwxyz0123456789!@#$%^&*()",
    }
}
