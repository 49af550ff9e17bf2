//! What the name of a field says about its value.

/// What a name says about what stands under it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Meaning {
    /// Nothing.
    Plain,
    /// It is a secret: `dbPassword`. `strict` where even a number is one.
    Secret {
        /// Whether a number under this name is a secret, too: a password may be `12345`, a token rarely.
        strict: bool,
    },
    /// It says where or how a secret is, or something about it: `secretKeyRef`, `passwordFile`, `tokenTTL`.
    About,
}

/// Last words of names that only say something about what the other words name. They come in one list, since the
/// words before don't matter: a `passwordFile` is as little secret as a `logFile`.
#[rustfmt::skip]
const ABOUT: &[&str] = &[
    // where it is
    "name", "names", "ref", "refs", "reference", "references", "file", "files", "filename", "path", "paths",
    "dir", "directory", "mount", "mounts", "volume", "volumes", "url", "urls", "uri", "endpoint",
    "endpoints", "host", "hosts", "port", "ports", "server", "address", "domain", "namespace", "namespaces",
    "location", "source", "sources", "from", "selector", "store", "backend", "provider", "providers",
    "manager", "engine", "driver", "controller", "operator", "service", "services", "webhook", "issuer",
    "audience", "audiences", "property", "template", "templates", "annotation", "annotations", "label",
    "labels", "header", "headers", "prefix", "suffix", "field", "fields", "column", "claim", "claims",
    "env", "variable", "resource", "resources",
    // how it is
    "ttl", "expiry", "expiration", "expires", "expire", "lifetime", "lifespan", "age", "timeout",
    "duration", "period", "interval", "seconds", "minutes", "hours", "days", "ms", "length", "size", "min",
    "max", "minimum", "maximum", "limit", "limits", "count", "bits", "rotation", "rotate", "renewal",
    "refresh", "policy", "policies", "type", "types", "kind", "method", "methods", "mode", "algorithm",
    "format", "encoding", "pattern", "regex", "rule", "rules", "class", "scope", "scopes", "role", "roles",
    "version", "schema", "cost", "rounds", "iterations", "complexity", "strength", "config",
    "configuration", "settings", "options", "usage", "usages", "description", "title", "hint", "message",
    "prompt",
    // whether it is
    "enabled", "enable", "disabled", "disable", "required", "optional", "allowed", "create", "created",
    "generate", "generated", "auto", "use", "exists", "support", "supported", "reset", "change", "update",
    "validation", "verification", "check", "login", "auth", "authentication", "grant", "flow", "exchange",
    "request", "requests", "review", "reviews", "api", "cache", "user", "username", "users", "id", "ids",
    "principal", "group", "groups", "owner", "email", "public", "pub", "certificate", "certificates",
    "cert", "certs", "crt", "ca",
];

/// Words behind the telling one that say nothing: `POSTGRES_PASSWORD_HASH`, `token-prod`, `secret.json`.
#[rustfmt::skip]
const FILLER: &[&str] = &[
    "value", "values", "b64", "base64", "encoded", "encrypted", "plain", "plaintext", "text", "txt",
    "string", "data", "hash", "hashed", "bcrypt", "raw", "old", "new", "current", "previous", "primary",
    "secondary", "default", "override", "prod", "dev", "test", "staging", "json", "yaml", "yml", "base",
    "list", "map", "bytes",
];

/// Telling last words; a number under one is a secret, too.
#[rustfmt::skip]
const STRICT: &[&str] = &[
    "password", "passwords", "passwd", "passphrase", "passphrases", "passcode", "passcodes", "pwd", "pw",
    "pass", "psk", "pincode", "otp", "totp",
];

/// Telling last words; numbers under them are most often no secrets.
#[rustfmt::skip]
const TELLING: &[&str] = &[
    "secret", "secrets", "token", "tokens", "credential", "credentials", "creds", "cred", "htpasswd",
    "apikey", "apikeys", "authkey", "authtoken", "authtokens", "accesstoken", "accesskey", "privatekey",
    "secretkey", "clientsecret", "dockerconfigjson", "dockercfg", "dockerconfig", "kubeconfig", "keytab",
    "mnemonic", "pepper", "salt", "dsn", "authorization", "cookiesecret", "sharedsecret", "privkey",
    "seedphrase",
];

/// What stands before `key` where it opens something.
#[rustfmt::skip]
const KEYS: &[&str] = &[
    "api", "private", "secret", "access", "encryption", "encrypt", "decryption", "signing", "sign",
    "signature", "master", "license", "licence", "auth", "authentication", "shared", "session", "cookie",
    "hmac", "aes", "ssh", "rsa", "ecdsa", "ed25519", "tls", "ssl", "sas", "account", "storage", "cipher",
    "crypto", "fernet", "jwt", "root", "application", "app", "admin", "instrumentation", "ingestion",
    "write", "integration", "deploy", "bearer", "gpg", "pgp", "wireguard", "vault", "unseal", "recovery",
    "symmetric", "hashing", "hash", "priv", "client", "server", "preshared", "activation", "product",
    "subscription", "internal", "service",
];

/// What stands before `secret` where the name is that of a Secret.
#[rustfmt::skip]
const HOLDERS: &[&str] = &[
    "existing", "pull", "tls", "ca", "cert", "certificate", "image", "external", "password", "credentials",
    "credential", "creds", "auth", "token", "registry", "source", "target", "ssl", "key", "kubernetes",
    "k8s", "custom", "additional", "extra", "create", "use", "config", "database", "db", "postgres",
    "postgresql", "mysql", "redis", "mongodb", "rabbitmq", "kafka", "kubeconfig", "license", "keystore",
    "truststore", "bundle", "certificates", "certs", "pullsecret", "has", "is", "from", "with",
    "connection",
];

/// Ends of names written in one word: `PGPASSWORD`, `mysqlpassword`.
#[rustfmt::skip]
const FUSED: &[&str] = &[
    "password", "passwd", "passphrase", "apikey", "accesskey", "secretkey", "privatekey", "authtoken",
    "accesstoken", "clientsecret", "encryptionkey", "signingkey",
];

/// Without one of these within it, a name isn't looked at further.
#[rustfmt::skip]
const STEMS: &[&str] = &[
    "pass", "pw", "secret", "token", "cred", "key", "psk", "pincode", "otp", "dsn", "salt", "pepper", "authorization",
    "dockerc", "kubeconfig", "mnemonic", "seed",
];

/// Longer names say nothing.
const MAX_NAME: usize = 200;

fn contains(name: &str, stem: &str) -> bool {
    name.as_bytes().windows(stem.len()).any(|part| part.eq_ignore_ascii_case(stem.as_bytes()))
}

/// What a name says. Its words are told apart by capitals and signs; the last one counts.
pub(super) fn meaning(name: &str) -> Meaning {
    if name.len() > MAX_NAME || !STEMS.iter().any(|stem| contains(name, stem)) {
        return Meaning::Plain;
    }
    // `checksum/secret` is a hash of a whole template, made to be seen.
    if contains(name, "checksum") {
        return Meaning::Plain;
    }
    // Of `example.com/db-password`, and of annotations in general, the part behind the slash counts.
    let name = name.rsplit('/').next().unwrap_or(name);
    let words = words(name);
    let mut words: Vec<&str> = words.iter().map(String::as_str).collect();
    while let Some(last) = words.last() {
        if words.len() > 1 && (FILLER.contains(last) || last.bytes().all(|b| b.is_ascii_digit())) {
            words.pop();
        } else {
            break;
        }
    }
    let Some((last, before)) = words.split_last() else { return Meaning::Plain };
    let last = Some(last.trim_end_matches(|c: char| c.is_ascii_digit())).filter(|last| !last.is_empty());
    let Some(last) = last else { return Meaning::Plain };
    let previous = before.last().copied().unwrap_or_default();
    let strict = Meaning::Secret { strict: true };
    let telling = Meaning::Secret { strict: false };
    match last {
        "key" | "keys" => {
            // `passwordKey` names the key of a Secret under which the password stands.
            let named = STRICT.contains(&previous) || TELLING.contains(&previous) && previous != "secret";
            let opens = KEYS.contains(&previous) || FUSED.iter().any(|end| previous.ends_with(end));
            match (named, opens) {
                (true, _) => Meaning::About,
                (false, true) => telling,
                (false, false) => Meaning::Plain,
            }
        }
        "pass"
            if matches!(
                previous,
                "proxy" | "fastcgi" | "uwsgi" | "grpc" | "scgi" | "by" | "first" | "second"
            ) =>
        {
            Meaning::Plain
        }
        "secret" | "secrets" if HOLDERS.contains(&previous) => Meaning::About,
        "id" if before == ["secret"] || before.ends_with(&["role", "secret"]) => telling,
        last if ABOUT.contains(&last) => Meaning::About,
        last if STRICT.contains(&last) => strict,
        last if TELLING.contains(&last) => telling,
        last if FUSED.iter().any(|end| last.ends_with(end)) => {
            if last.ends_with("password") || last.ends_with("passwd") { strict } else { telling }
        }
        _ => Meaning::Plain,
    }
}

/// Whether a name under a secret one says where the secret is, not what: `name` and `key` of a `secretKeyRef`.
pub(super) fn is_structural(name: &str) -> bool {
    const STRUCTURAL: &[&str] = &["key", "keys", "items", "item", "api", "apiversion", "metadata", "spec"];
    let words = words(name);
    let last = words.last().map_or("", String::as_str);
    STRUCTURAL.contains(&last) || ABOUT.contains(&last)
}

/// Whether a name ends in `secret` or `secrets`: then a value that is the name of a Secret is no secret.
pub(super) fn may_name_a_secret(name: &str) -> bool {
    let words = words(name);
    words.last().is_some_and(|last| last == "secret" || last == "secrets")
}

/// The words of a name, in small letters: `tlsKey`, `TLS_KEY`, `tls-key` and `tls.key` all are `tls`, `key`.
fn words(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let chars: Vec<char> = name.chars().collect();
    for (i, &c) in chars.iter().enumerate() {
        let before = i.checked_sub(1).and_then(|i| chars.get(i)).copied().unwrap_or('_');
        let after = chars.get(i + 1).copied().unwrap_or('_');
        // A capital begins a word after a small letter, and where a small letter follows: `APIKey`.
        let begins = c.is_uppercase()
            && (before.is_lowercase()
                || before.is_ascii_digit()
                || before.is_uppercase() && after.is_lowercase());
        if !c.is_alphanumeric() || begins {
            words.push(String::new());
        }
        if c.is_alphanumeric()
            && let Some(word) = words.last_mut()
        {
            word.extend(c.to_lowercase());
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[rustfmt::skip]
    fn names_of_secrets_are_known_in_every_spelling() {
        for name in [
            "password", "dbPassword", "DB_PASSWORD", "db-password", "db.password", "PGPASSWORD",
            "MYSQL_PASS", "smtpPasswd", "POSTGRES_PASSWORD_HASH", "passphrase", "adminPassword2",
            "redis-pwd", "PASSWORDS",
        ] {
            assert_eq!(meaning(name), Meaning::Secret { strict: true }, "{name}");
        }
        for name in [
            "token", "GITHUB_TOKEN", "authToken", "bot-token", "apiKey", "API_KEY", "apikey", "x-api-key",
            "APIKey", "AWS_SECRET_ACCESS_KEY", "secretAccessKey", "privateKey", "private_key", "tls.key",
            "SECRET_KEY_BASE", "clientSecret", "SESSION_SECRET", "JWT_SECRET", "secret", "credentials",
            "aws-credentials", ".dockerconfigjson", "SENTRY_DSN", "encryptionKey",
            "example.com/api-token", "Authorization", "webhookSecret", "AccountKey", "secret_id",
            "DD_API_KEY", "htpasswd", "mysqlAccessKey", "tokens",
        ] {
            assert_eq!(meaning(name), Meaning::Secret { strict: false }, "{name}");
        }
    }

    #[test]
    #[rustfmt::skip]
    fn names_about_secrets_are_not_those_of_secrets() {
        for name in [
            "secretName", "secretKeyRef", "secretRef", "existingSecret", "imagePullSecrets", "tlsSecret",
            "passwordFile", "PASSWORD_FILE", "tokenTTL", "token_ttl", "tokenExpirationSeconds",
            "passwordKey", "userPasswordKey", "existingSecretPasswordKey", "tokenReviews",
            "passwordPolicy", "credentialName", "serviceAccountTokenPath", "tokenRequests",
            "PASSWORD_RESET_ENABLED", "secretNamespace", "secretStore", "CLIENT_ID", "AWS_ACCESS_KEY_ID",
            "passwordAuth", "tokenAudiences", "credentialsProvider", "tokenUrl", "authSecret",
            "secretType",
        ] {
            assert!(!matches!(meaning(name), Meaning::Secret { .. }), "{name}");
        }
    }

    #[test]
    #[rustfmt::skip]
    fn other_names_say_nothing() {
        for name in [
            "key", "keys", "topologyKey", "matchLabelKeys", "replicas", "image", "keyword", "passthrough",
            "ssl-passthrough", "proxy_pass", "compass", "tokenize", "publicKey", "public_key",
            "secretary", "tolerationKey", "automount", "author", "monkey", "checksum/secret-config",
            "partitionKey", "authority", "", "---",
        ] {
            let plain = !matches!(meaning(name), Meaning::Secret { .. });
            assert!(plain, "{name}");
        }
    }

    #[test]
    fn what_stands_where_a_secret_is_referred_to_is_structure() {
        for name in
            ["name", "key", "optional", "secretName", "path", "items", "expirationSeconds", "apiVersion"]
        {
            assert!(is_structural(name), "{name}");
        }
        for name in ["admin", "value", "root"] {
            assert!(!is_structural(name), "{name}");
        }
    }
}
