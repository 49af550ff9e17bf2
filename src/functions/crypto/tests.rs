use super::*;
use crate::limits::Limits;

fn call(env: &Env, name: &str, args: &[Value]) -> Value {
    match crate::functions::find(name).map(|f| (f.call)(env, args)) {
        Some(Ok(value)) => value,
        Some(Err(e)) => Value::string(format!("error: {e}")),
        None => Value::Null,
    }
}

fn text(env: &Env, name: &str, args: &[Value]) -> String {
    match call(env, name, args) {
        Value::String(s) => s.to_string(),
        other => format!("{other:?}"),
    }
}

fn field(value: &Value, name: &str) -> String {
    match value {
        Value::Object(o) => match o.field(name) {
            Some(Value::String(s)) => s.to_string(),
            other => format!("{other:?}"),
        },
        other => format!("{other:?}"),
    }
}

fn env() -> Env {
    let env = Env::new(Limits::default()).with_seed("test");
    env.enter("t.yaml");
    env
}

#[test]
fn hashes_are_the_known_ones() {
    let env = env();
    let abc = [Value::from("abc")];
    assert_eq!(text(&env, "sha1sum", &abc), "a9993e364706816aba3e25717850c26c9cd0d89d");
    assert!(text(&env, "sha256sum", &abc).starts_with("ba7816bf8f01cfea"));
    assert!(text(&env, "sha512sum", &abc).starts_with("ddaf35a193617aba"));
    assert_eq!(text(&env, "adler32sum", &abc), "38600999");
}

#[test]
fn passwords_are_hashed_as_by_go() {
    let env = env();
    let hash = text(&env, "bcrypt", &[Value::from("secret")]);
    assert!(hash.starts_with("$2a$10$") && hash.len() == 60, "{hash}");
    assert!(bcrypt::verify("secret", &hash).unwrap_or(false));
    let long = "a".repeat(73);
    assert_eq!(
        text(&env, "htpasswd", &[Value::from("u"), Value::from(long)]),
        "u:failed to encrypt string with bcrypt: bcrypt: password length exceeds 72 bytes"
    );
    assert_eq!(text(&env, "htpasswd", &[Value::from("a:b"), Value::from("p")]), "invalid username: a:b");
    let derive = |counter, kind, words: [&str; 3]| {
        let [password, user, site] = words.map(Value::from);
        text(&env, "derivePassword", &[Value::int(counter), Value::from(kind), password, user, site])
    };
    assert_eq!(derive(2, "long", ["password", "user", "example.com"]), "Fovi2@JifpTupx");
    assert_eq!(derive(1, "nope", ["pw", "u", "s"]), "cannot find password template nope");
}

#[test]
fn texts_are_encrypted_and_decrypted() {
    let env = env();
    let pair = |password: &str, text: &str| [Value::from(password), Value::from(text)];
    let hello = pair("pw", "MDEyMzQ1Njc4OWFiY2RlZgQdryWfWSp6ZOUi0q2ZrNg=");
    assert_eq!(text(&env, "decryptAES", &hello), "hello");
    let encrypted = text(&env, "encryptAES", &pair("k", "exactly16bytes!!"));
    assert_eq!(text(&env, "decryptAES", &pair("k", &encrypted)), "exactly16bytes!!");
    for (input, want) in [
        ("!!!", "error: illegal base64 data at input byte 0"),
        ("YQ==", "error: runtime error: slice bounds out of range [:16] with capacity 3"),
        ("MDEyMzQ1Njc4OWFiY2RlZmdo", "error: crypto/cipher: input not full blocks"),
        ("", ""),
    ] {
        assert_eq!(text(&env, "decryptAES", &pair("pw", input)), want);
    }
}

#[test]
fn keys_have_sprig_s_forms_and_are_read_back() {
    for (kind, head, lines) in [("ecdsa", "EC PRIVATE KEY", 6), ("ed25519", "PRIVATE KEY", 4)] {
        let key = text(&env(), "genPrivateKey", &[Value::from(kind)]);
        assert!(key.starts_with(&format!("-----BEGIN {head}-----\n")), "{key}");
        assert_eq!(key.split('\n').count(), lines, "{key}");
        assert_eq!(key, text(&env(), "genPrivateKey", &[Value::from(kind)]));
        let read = PrivateKey::from_pem(key.as_bytes()).and_then(|k| k.to_pem());
        assert_eq!(read, Ok(key));
    }
    assert_eq!(text(&env(), "genPrivateKey", &[Value::from("x")]), "Unknown type x");
    for (pem, want) in [
        ("", "no PEM data in input"),
        ("-----BEGIN X-----\nYQ==\n-----END X-----\n", "no private key data in PEM block of type X"),
        ("-----BEGIN X PRIVATE KEY-----\nYQ==\n-----END X PRIVATE KEY-----", "invalid private key type X"),
    ] {
        assert_eq!(PrivateKey::from_pem(pem.as_bytes()).map(|_| ()), Err(want.to_string()));
    }
}

#[test]
fn a_signed_certificate_names_its_signer() {
    let env = env();
    let key = Value::string(text(&env, "genPrivateKey", &[Value::from("ecdsa")]));
    let ca = call(&env, "genCAWithKey", &[Value::from("my ca"), Value::int(365), key.clone()]);
    let names = Value::list(vec![Value::from("a.example")]);
    let ips = Value::list(vec![Value::from("10.0.0.1"), Value::from("::1")]);
    let leaf_key = Value::string(text(&env, "genPrivateKey", &[Value::from("ed25519")]));
    let args = [Value::from("häst"), ips, names, Value::int(3650), ca.clone(), leaf_key.clone()];
    let leaf = call(&env, "genSignedCertWithKey", &args);
    assert_eq!(field(&leaf, "Key"), leaf_key.as_str().unwrap_or_default());
    let (Ok(ca), Ok(leaf)) = (
        certificate::parse(field(&ca, "Cert").as_bytes()),
        certificate::parse(field(&leaf, "Cert").as_bytes()),
    ) else {
        panic!("no certificates")
    };
    let (ca, leaf) = (ca.tbs_certificate(), leaf.tbs_certificate());
    assert_eq!(ca.subject(), leaf.issuer());
    assert_eq!(ca.subject().to_string(), "CN=my ca");
    assert_eq!(leaf.subject().to_string(), "CN=häst");
    let oids = |tbs: &x509_cert::TbsCertificate| -> Vec<String> {
        tbs.extensions().map(|all| all.iter().map(|e| e.extn_id.to_string()).collect()).unwrap_or_default()
    };
    assert_eq!(oids(ca), ["2.5.29.15", "2.5.29.37", "2.5.29.19", "2.5.29.14"]);
    assert_eq!(oids(leaf), ["2.5.29.15", "2.5.29.37", "2.5.29.19", "2.5.29.35", "2.5.29.17"]);
}

#[test]
fn names_and_addresses_are_checked() {
    let env = env();
    let cert = |ips: Value, names: Value| {
        text(&env, "genSelfSignedCert", &[Value::from("x"), ips, names, Value::int(1)])
    };
    let list = |value: Value| Value::list(vec![value]);
    assert_eq!(cert(list(Value::int(5)), Value::Null), "error: error parsing ip: 5 is not a string");
    assert_eq!(cert(list(Value::from("999.1.1.1")), Value::Null), "error: error parsing ip: 999.1.1.1");
    assert_eq!(
        cert(Value::Null, list(Value::int(5))),
        "error: error processing alternate dns name: 5 is not a string"
    );
    assert_eq!(
        text(&env, "genCAWithKey", &[Value::from("x"), Value::int(1), Value::from("nope")]),
        "error: parsing private key: no PEM data in input"
    );
}

#[test]
fn rsa_certificates_repeat_under_a_seed() {
    let make = || call(&env(), "genCA", &[Value::from("ca"), Value::int(1)]);
    let (one, two) = (make(), make());
    assert!(field(&one, "Key").starts_with("-----BEGIN RSA PRIVATE KEY-----\n"));
    assert_eq!(field(&one, "Key"), field(&two, "Key"));
    assert_eq!(field(&one, "Cert"), field(&two, "Cert"));
}

#[test]
fn costly_functions_end_at_the_budget() {
    let env = Env::new(Limits { crypto_cost: 200, ..Limits::default() });
    let last = (0..10).map(|_| text(&env, "bcrypt", &[Value::from("p")])).last().unwrap_or_default();
    assert!(last.contains("limit of 200 ms"), "{last}");
}

#[test]
fn costs_are_counted_and_not_measured() {
    let spend = |costs: &[(Duration, u32)]| {
        let env = Env::new(Limits::default());
        costs.iter().try_for_each(|(cost, times)| (0..*times).try_for_each(|_| env.spend("f", *cost)))
    };
    // What a chart may well want: thirty certificates, or a key of 4096 bits and twenty passwords.
    assert!(spend(&[(RSA_2048_COST, 30), (signing_cost(1700), 30)]).is_ok());
    assert!(spend(&[(RSA_4096_COST, 1), (passwords::BCRYPT_COST, 20)]).is_ok());
    assert!(spend(&[(RSA_2048_COST, 200)]).is_err());
    assert!(spend(&[(passwords::BCRYPT_COST, 200)]).is_err());
}

#[test]
fn a_large_key_costs_more_to_sign_with() {
    assert_eq!(signing_cost(227), Duration::from_millis(1));
    assert_eq!(signing_cost(3243).as_millis(), 6);
    assert!(signing_cost(64 << 20) > Duration::from_secs(3600));
    // It is refused before it is read.
    let env = Env::new(Limits::default());
    let key = Value::from("x".repeat(100_000));
    let args = [Value::from("a"), Value::int(1), key];
    assert!(text(&env, "genCAWithKey", &args).contains("take longer than the limit of 4000 ms"));
}

#[test]
fn keys_are_made_when_somebody_looks_at_them() {
    let env = Env::new(Limits::default());
    let strings = |names: &[&str]| Value::list(names.iter().map(|n| Value::from(*n)).collect());
    let late = |value: &Value, name: &str| match value {
        Value::Object(o) => matches!(o.field(name), Some(Value::String(s)) if s.is_waiting()),
        _ => false,
    };
    let ca = call(&env, "genCA", &[Value::from("authority"), Value::int(30)]);
    let names = [Value::from("a.example"), strings(&["10.0.0.1"]), strings(&["a.example"]), Value::int(30)];
    let signed = call(&env, "genSignedCert", &[&names[..], std::slice::from_ref(&ca)].concat());
    assert!(late(&ca, "Key") && late(&signed, "Cert"), "{ca:?}");
    let Value::Object(pair) = &signed else { panic!("{signed:?}") };
    let Value::String(encoded) = call(&env, "b64enc", &[pair.field("Cert").unwrap_or_default()]) else {
        panic!("not a string")
    };
    assert!(encoded.is_waiting());
    let at_once = text(&env, "b64enc", &[Value::from(field(&signed, "Cert"))]);
    assert_eq!(encoded, at_once.as_str());
    // As templates do: through what counts the results of functions.
    let run = |name, given: Value| crate::functions::find(name).map(|f| f.run(&env, &[given]));
    let fresh = call(&env, "genCA", &[Value::from("other"), Value::int(30)]);
    let Value::Object(fresh_pair) = &fresh else { panic!("{fresh:?}") };
    let shown = run("toString", fresh_pair.field("Cert").unwrap_or_default());
    let Some(Ok(shown)) = shown else { panic!("{shown:?}") };
    assert!(matches!(run("b64enc", shown), Some(Ok(Value::String(s))) if s.is_waiting()));
    // The authority is one and the same, whoever looks first.
    let certificate = certificate::parse(field(&signed, "Cert").as_bytes()).expect("a certificate");
    let parent = certificate::parse(field(&ca, "Cert").as_bytes()).expect("a certificate");
    assert_eq!(certificate.tbs_certificate().issuer(), parent.tbs_certificate().subject());
    assert!(PrivateKey::from_pem(field(&ca, "Key").as_bytes()).is_ok());
    assert_eq!(env.broken_promise(), None);
    // What is wrong with the arguments is told at once.
    let bad = [Value::from("a"), Value::Null, strings(&["ä.example"]), Value::int(30)];
    let told = text(&env, "genSelfSignedCert", &bad);
    assert!(told.contains("error creating certificate: x509: \"ä.example\" cannot be encoded"), "{told}");
}

#[test]
fn keys_that_nobody_looked_at_are_no_way_around_limits() {
    let env = Env::new(Limits::default());
    let ca = call(&env, "genCA", &[Value::from("authority"), Value::int(30)]);
    let Value::Object(pair) = &ca else { panic!("{ca:?}") };
    let mut text = pair.field("Cert").unwrap_or_default();
    let encode = crate::functions::find("b64enc").expect("a function");
    let refused = (0..60).find_map(|_| match encode.run(&env, &[text.clone()]) {
        Ok(encoded) => {
            text = encoded;
            None
        }
        Err(refused) => Some(refused.message),
    });
    assert!(refused.is_some_and(|message| message.contains("over the limit")));
}
