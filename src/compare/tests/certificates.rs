use super::*;

// Certificates made for this test alone, by `openssl req -x509`; nobody has their keys.
const OLD: &str = "\
-----BEGIN CERTIFICATE-----\n\
MIIBtTCCAVugAwIBAgIUfDCYOAMbh6ZVMSKltzn9iDclgtkwCgYIKoZIzj0EAwIw\n\
MDEQMA4GA1UECgwHRXhhbXBsZTEcMBoGA1UEAwwTZ2F0ZXdheS5leGFtcGxlLm9y\n\
ZzAeFw0yNjExMjQxNzQ2NTBaFw0yNzExMjQxNzQ2NTBaMDAxEDAOBgNVBAoMB0V4\n\
YW1wbGUxHDAaBgNVBAMME2dhdGV3YXkuZXhhbXBsZS5vcmcwWTATBgcqhkjOPQIB\n\
BggqhkjOPQMBBwNCAAQFkgDBt50gFy1re7AhAGlo5sStWQY08WL15c8rVIv7bC8F\n\
I/B7lMy/WOzj/OU3xWR/evUgq4Mg66JaWZZ55Hfdo1MwUTAdBgNVHQ4EFgQUIgW6\n\
FcdDN+OhFwGRkj+pxQ0C+s0wHwYDVR0jBBgwFoAUIgW6FcdDN+OhFwGRkj+pxQ0C\n\
+s0wDwYDVR0TAQH/BAUwAwEB/zAKBggqhkjOPQQDAgNIADBFAiB9RyXdsmv+fEMb\n\
/Fp48mL2OvGTiH6GII2FR0JekgCiawIhAM0atrWi6QYGv0Ve91WV3X4FuAY4Pb+Y\n\
oLGWtq4hhjbQ\n\
-----END CERTIFICATE-----\n\
";
const NEW: &str = "\
-----BEGIN CERTIFICATE-----\n\
MIIBtDCCAVugAwIBAgIUC4jWnUQ2ax9DFfeJWC1CTuholsIwCgYIKoZIzj0EAwIw\n\
MDEQMA4GA1UECgwHRXhhbXBsZTEcMBoGA1UEAwwTZ2F0ZXdheS5leGFtcGxlLm9y\n\
ZzAeFw0yNjExMjQxNzQ2NTBaFw0zNjExMjExNzQ2NTBaMDAxEDAOBgNVBAoMB0V4\n\
YW1wbGUxHDAaBgNVBAMME2dhdGV3YXkuZXhhbXBsZS5vcmcwWTATBgcqhkjOPQIB\n\
BggqhkjOPQMBBwNCAASWPP6mupHDPw8OqR0XcPp3p3gNPlrkcnaCc25ADXpdCTLQ\n\
/v6EnzAkK3fI1enDTr9rt7/FeY02f0eVqCgLiU4yo1MwUTAdBgNVHQ4EFgQUSoFU\n\
jSu/WPwj8llIq/Ce31kQ7xUwHwYDVR0jBBgwFoAUSoFUjSu/WPwj8llIq/Ce31kQ\n\
7xUwDwYDVR0TAQH/BAUwAwEB/zAKBggqhkjOPQQDAgNHADBEAiAu4oqRCBepF4hQ\n\
Be58bJhf5TGvfWdc5vqfAOzoK2nSAAIgPUNtq7JlFTNEMUzSdjI8CuyTS7+FL2uz\n\
9yW7/LzhiLU=\n\
-----END CERTIFICATE-----\n\
";
const OTHER: &str = "\
-----BEGIN CERTIFICATE-----\n\
MIIBsTCCAVegAwIBAgIUAsPcId9+gNikC6Oo6ErX5yLwiBwwCgYIKoZIzj0EAwIw\n\
LjEQMA4GA1UECgwHRXhhbXBsZTEaMBgGA1UEAwwRb3RoZXIuZXhhbXBsZS5vcmcw\n\
HhcNMjYxMTI0MTc0NjUwWhcNMjcxMTI0MTc0NjUwWjAuMRAwDgYDVQQKDAdFeGFt\n\
cGxlMRowGAYDVQQDDBFvdGhlci5leGFtcGxlLm9yZzBZMBMGByqGSM49AgEGCCqG\n\
SM49AwEHA0IABNTKrH2v0IEeuPYjHYSnhEx4AOW65rjF4E542ChEuWQSFjzUMvuG\n\
ndf8h0BcFA+JSU/vFto7uVascPVDZ+FdvHWjUzBRMB0GA1UdDgQWBBQuU2LmbgQg\n\
BZIfVpAKeWiBUE7E0zAfBgNVHSMEGDAWgBQuU2LmbgQgBZIfVpAKeWiBUE7E0zAP\n\
BgNVHRMBAf8EBTADAQH/MAoGCCqGSM49BAMCA0gAMEUCIQCN7FUyTqzCv24teO9N\n\
LBM5q02yNudJFS57GR9o/pLw+QIgNVcZ8FNkwjctkqv1DJOxK6U7So4850mp5Pt3\n\
cFzllno=\n\
-----END CERTIFICATE-----\n\
";

fn config(old: &str, new: &str) -> Vec<Vec<String>> {
    let object = |text: &str| {
        let text = crate::json::encode(&Value::from(text), crate::json::Escape::None).unwrap();
        let text = String::from_utf8(text.into()).unwrap();
        format!("apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: a}}\ndata: {{ca.crt: {text}}}")
    };
    let comparison = compared(&object(old), &object(new));
    comparison.changes[0].fields.iter().map(|field| field.notes.clone()).collect()
}

#[test]
fn of_certificates_is_told_what_differs() {
    assert_eq!(config(OLD, NEW), [["expires 2027-11-24 → 2036-11-21"]]);
    assert_eq!(
        config(OLD, OTHER),
        [[
            "subject CN=gateway.example.org,O=Example → CN=other.example.org,O=Example",
            "issuer CN=gateway.example.org,O=Example → CN=other.example.org,O=Example"
        ]]
    );
    assert_eq!(
        config("none", NEW),
        [[
            "certificate of CN=gateway.example.org,O=Example, issued by CN=gateway.example.org,O=Example, expires 2036-11-21"
        ]]
    );
}

#[test]
fn of_several_certificates_each_is_told_that_differs() {
    assert_eq!(
        config(&format!("{OLD}{OLD}"), &format!("{OLD}{NEW}{NEW}")),
        [[
            "certificate 2: expires 2027-11-24 → 2036-11-21",
            "certificate 3: certificate of CN=gateway.example.org,O=Example, issued by CN=gateway.example.org,O=Example, expires 2036-11-21"
        ]]
    );
}

#[test]
fn certificates_are_found_in_base64() {
    let secret = |text: &str| {
        let text = data_encoding::BASE64.encode(text.as_bytes());
        format!("apiVersion: v1\nkind: Secret\nmetadata: {{name: a}}\ndata: {{tls.crt: {text}}}")
    };
    let field = compared(&secret(OLD), &secret(NEW)).changes[0].fields[0].clone();
    assert_eq!(field.notes, ["expires 2027-11-24 → 2036-11-21"]);
    assert_eq!(field.path.to_string(), "data[\"tls.crt\"]");
    assert_eq!(field.old.unwrap().as_str(), Some(OLD));
    let widget = |text: &str| {
        let text = data_encoding::BASE64.encode(text.as_bytes());
        format!("apiVersion: example.org/v1\nkind: Widget\nmetadata: {{name: a}}\nspec: {{ca: {text}}}")
    };
    assert_eq!(compared(&widget(OLD), &widget(NEW)).changes[0].fields[0].notes, field.notes);
}

#[test]
fn what_only_looks_like_a_certificate_has_no_notes() {
    let broken = OLD.replace("MII", "MIX");
    assert_eq!(config(&broken, "-----BEGIN CERTIFICATE-----\n"), [Vec::<String>::new()]);
}
