//! Randomness, and the functions that give it away plainly: passwords, UUIDs, numbers (Sprig `strings.go`,
//! `crypto.go`, `numeric.go`; `Masterminds/goutils`).

use std::convert::Infallible;

use rsa::rand_core::{TryCryptoRng, TryRng};
use sha2::{Digest, Sha256};

use super::{Env, Function, FunctionError, FunctionResult, Type, args};
use crate::value::{Str, Value};

/// `randAlphaNum` and its like, `randBytes`, `randInt`, `uuidv4`. (`shuffle` stands with the strings.)
pub const FUNCTIONS: &[Function] = &[
    Function::new("randAlphaNum", &[Type::Int], Type::String, |env, given| {
        text(env, "randAlphaNum", given, b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789")
    }),
    Function::new("randAlpha", &[Type::Int], Type::String, |env, given| {
        text(env, "randAlpha", given, b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz")
    }),
    Function::new("randNumeric", &[Type::Int], Type::String, |env, given| {
        text(env, "randNumeric", given, b"0123456789")
    }),
    Function::new("randAscii", &[Type::Int], Type::String, |env, given| {
        let printable: Vec<u8> = (b' '..=b'~').collect();
        text(env, "randAscii", given, &printable)
    }),
    Function::new("randBytes", &[Type::Int], Type::String, bytes),
    Function::new("randInt", &[Type::Int, Type::Int], Type::Int, number),
    Function::new("uuidv4", &[], Type::String, uuid),
];

/// A stream of random bytes: SHA-256 of a key and a counter. The key is fresh from the system, or follows from
/// a seed; in both cases the stream is as unpredictable as its key.
#[derive(Clone)]
pub struct Random {
    key: [u8; 32],
    counter: u64,
    block: [u8; 32],
    used: usize,
}

/// What the streams of a repeatable render are made from.
#[derive(Clone, Debug)]
pub struct Seed([u8; 32]);

impl Seed {
    /// A seed from the user's words.
    pub fn new(words: &str) -> Seed {
        Seed(Sha256::new().chain_update(b"torii seed 1\0").chain_update(words).finalize().into())
    }

    /// The stream of one call, which no call elsewhere moves.
    pub fn stream(&self, function: &str, template: &str, call: u64, args: &[Value]) -> Random {
        let mut hash = Sha256::new();
        hash.update(self.0);
        for part in [function, template] {
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part);
        }
        hash.update(call.to_be_bytes());
        for arg in args {
            digest(&mut hash, arg, 0);
        }
        Random::from_key(hash.finalize().into())
    }
}

/// Feeds a value into a hash. Only lists of plain values and objects are looked into: the functions take no
/// other containers.
fn digest(hash: &mut Sha256, value: &Value, depth: usize) {
    let mut part = |tag: u8, bytes: &[u8]| {
        hash.update([tag]);
        hash.update((bytes.len() as u64).to_be_bytes());
        hash.update(bytes);
    };
    match value {
        Value::String(s) => part(1, s.as_bytes()),
        Value::Bytes(b) => part(2, b),
        Value::Int(i) => part(3, &i.as_i128().to_be_bytes()),
        Value::Float(f) => part(4, &f.to_bits().to_be_bytes()),
        Value::Bool(b) => part(5, &[u8::from(*b)]),
        Value::Object(o) => part(6, o.print().as_bytes()),
        Value::List(l) if depth < 4 => {
            let items = l.items();
            part(7, &(items.len() as u64).to_be_bytes());
            for item in &items {
                digest(hash, item, depth + 1);
            }
        }
        other => part(8, other.type_name().as_bytes()),
    }
}

impl Random {
    /// A stream from a key.
    pub fn from_key(key: [u8; 32]) -> Random {
        Random { key, counter: 0, block: [0; 32], used: 32 }
    }

    /// A stream that nobody can repeat.
    ///
    /// # Errors
    /// If the system gives no randomness.
    pub fn from_system() -> Result<Random, FunctionError> {
        let mut key = [0; 32];
        getrandom::fill(&mut key)
            .map_err(|e| FunctionError::new(format!("the system gives no random bytes: {e}")))?;
        Ok(Random::from_key(key))
    }

    /// What the whole stream follows from.
    pub(super) fn key(&self) -> &[u8; 32] {
        &self.key
    }

    /// Another stream that follows from this one's key: for work that is shared between threads.
    pub fn fork(&self, number: u8) -> Random {
        let hash = Sha256::new().chain_update(self.key).chain_update(b"fork").chain_update([number]);
        Random::from_key(hash.finalize().into())
    }

    /// The next bytes.
    pub fn fill(&mut self, out: &mut [u8]) {
        for byte in out {
            if self.used == self.block.len() {
                let hash = Sha256::new().chain_update(self.key).chain_update(self.counter.to_be_bytes());
                self.block = hash.finalize().into();
                self.counter += 1;
                self.used = 0;
            }
            *byte = self.block.get(self.used).copied().unwrap_or_default();
            self.used += 1;
        }
    }

    /// Fills a text with characters of an alphabet of 1 to 256, each equally likely.
    pub fn pick(&mut self, alphabet: &[u8], out: &mut [u8]) {
        // Bytes above the last multiple of the size would prefer the first characters.
        let usable = 256 - 256 % alphabet.len().max(1);
        for to in out {
            *to = loop {
                let mut byte = [0];
                self.fill(&mut byte);
                let n = usize::from(byte[0]);
                if let Some(c) = alphabet.get(n % alphabet.len().max(1)).filter(|_| n < usable) {
                    break *c;
                }
                if alphabet.is_empty() {
                    break 0;
                }
            };
        }
    }

    /// A number below `bound`, each equally likely; 0 if the bound is 0.
    pub fn below(&mut self, bound: u64) -> u64 {
        if bound == 0 {
            return 0;
        }
        // Numbers above the last multiple of the bound would prefer small results.
        let last = u64::MAX - (u64::MAX % bound + 1) % bound;
        loop {
            let mut bytes = [0; 8];
            self.fill(&mut bytes);
            let n = u64::from_be_bytes(bytes);
            if n <= last {
                return n % bound;
            }
        }
    }
}

impl std::fmt::Debug for Random {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Random")
    }
}

impl TryRng for Random {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        let mut bytes = [0; 4];
        self.fill(&mut bytes);
        Ok(u32::from_le_bytes(bytes))
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        let mut bytes = [0; 8];
        self.fill(&mut bytes);
        Ok(u64::from_le_bytes(bytes))
    }

    fn try_fill_bytes(&mut self, out: &mut [u8]) -> Result<(), Infallible> {
        self.fill(out);
        Ok(())
    }
}

impl TryCryptoRng for Random {}

fn text(env: &Env, function: &'static str, given: &[Value], alphabet: &[u8]) -> FunctionResult {
    let Ok(count) = usize::try_from(args::int(given, 0)?) else {
        // goutils refuses a negative length; Sprig drops the error.
        return Ok(Value::String(Str::EMPTY));
    };
    env.check_size(function, count)?;
    env.step(function, count)?;
    let mut random = env.random(function, given)?;
    let mut text = vec![0; count];
    random.pick(alphabet, &mut text);
    Ok(Value::string(text))
}

fn bytes(env: &Env, given: &[Value]) -> FunctionResult {
    let count = usize::try_from(args::int(given, 0)?)
        .map_err(|_| FunctionError::new("runtime error: makeslice: len out of range"))?;
    env.check_size("randBytes", count)?;
    env.step("randBytes", count / 2)?;
    let mut bytes = vec![0; count];
    env.random("randBytes", given)?.fill(&mut bytes);
    Ok(data_encoding::BASE64.encode(&bytes).into())
}

fn number(env: &Env, given: &[Value]) -> FunctionResult {
    let (low, high) = (args::int(given, 0)?, args::int(given, 1)?);
    let Ok(range @ 1..) = u64::try_from(high.wrapping_sub(low)) else {
        return Err(FunctionError::new("invalid argument to Intn"));
    };
    let n = env.random("randInt", given)?.below(range);
    Ok(Value::int(low.wrapping_add_unsigned(n)))
}

fn uuid(env: &Env, given: &[Value]) -> FunctionResult {
    let mut bytes = [0; 16];
    env.random("uuidv4", given)?.fill(&mut bytes);
    let [.., version, _, variant, _, _, _, _, _, _, _] = &mut bytes;
    *version = *version & 0x0f | 0x40;
    *variant = *variant & 0x3f | 0x80;
    let mut text = data_encoding::HEXLOWER.encode(&bytes);
    for at in [20, 16, 12, 8] {
        text.insert(at, '-');
    }
    Ok(text.into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::Limits;

    fn call(env: &Env, name: &str, args: &[Value]) -> String {
        match crate::functions::find(name).map(|f| (f.call)(env, args)) {
            Some(Ok(Value::String(s))) => s.to_string(),
            other => format!("{other:?}"),
        }
    }

    #[test]
    fn a_seed_repeats_and_each_call_has_its_own_stream() {
        let env = || {
            let env = Env::new(Limits::default()).with_seed("a");
            env.enter("t.yaml");
            env
        };
        let (one, two) = (env(), env());
        let first = call(&one, "randAlphaNum", &[Value::int(20)]);
        assert_eq!(first, call(&two, "randAlphaNum", &[Value::int(20)]));
        assert_ne!(first, call(&one, "randAlphaNum", &[Value::int(20)]));
        // A call of another function, or elsewhere, moves nothing.
        let three = env();
        call(&three, "uuidv4", &[]);
        three.enter("other.yaml");
        assert_ne!(first, call(&three, "randAlphaNum", &[Value::int(20)]));
        three.enter("t.yaml");
        assert_eq!(first, call(&three, "randAlphaNum", &[Value::int(20)]));
        let other = Env::new(Limits::default()).with_seed("b");
        other.enter("t.yaml");
        assert_ne!(first, call(&other, "randAlphaNum", &[Value::int(20)]));
    }

    #[test]
    fn uuids_are_of_version_four() {
        let uuid = call(&Env::default(), "uuidv4", &[]);
        let shape: Vec<usize> = uuid.split('-').map(str::len).collect();
        assert_eq!(shape, [8, 4, 4, 4, 12]);
        assert_eq!(uuid.get(14..15), Some("4"));
        assert!(uuid.get(19..20).is_some_and(|c| "89ab".contains(c)), "{uuid}");
    }

    #[test]
    fn lengths_are_limited() {
        let env = Env::default();
        assert!(call(&env, "randAlphaNum", &[Value::int(1_000_000_000)]).contains("over the limit"));
        assert!(call(&env, "randBytes", &[Value::int(-1)]).contains("makeslice: len out of range"));
        assert!(call(&env, "randInt", &[Value::int(5), Value::int(5)]).contains("invalid argument to Intn"));
        assert_eq!(call(&env, "randAlpha", &[Value::int(-1)]), "");
    }

    #[test]
    fn numbers_stay_below_their_bound() {
        let mut random = Random::from_key([7; 32]);
        let seen: std::collections::BTreeSet<u64> = (0..200).map(|_| random.below(3)).collect();
        assert_eq!(seen.into_iter().collect::<Vec<_>>(), [0, 1, 2]);
    }
}
