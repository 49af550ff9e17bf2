//! X.509 certificates with the fields that Sprig sets (`crypto.go`) and Go's `x509.CreateCertificate` adds.

use std::any::Any;
use std::net::IpAddr;
use std::sync::Arc;

use der::asn1::{BitString, GeneralizedTime, Ia5String, OctetString, SetOfVec, UtcTime};
use der::{DateTime, Decode, Encode, Tag};
use sha2::{Digest, Sha256};
use x509_cert::attr::AttributeTypeAndValue;
use x509_cert::builder::profile::BuilderProfile;
use x509_cert::builder::{Builder, CertificateBuilder, Result as BuilderResult};
use x509_cert::certificate::{Certificate, TbsCertificate};
use x509_cert::der;
use x509_cert::der::asn1::ObjectIdentifier;
use x509_cert::ext::pkix::name::GeneralName;
use x509_cert::ext::pkix::{
    AuthorityKeyIdentifier, BasicConstraints, ExtendedKeyUsage, KeyUsage, KeyUsages, SubjectAltName,
    SubjectKeyIdentifier,
};
use x509_cert::ext::{Extension, ToExtension};
use x509_cert::name::{Name, RdnSequence, RelativeDistinguishedName};
use x509_cert::serial_number::SerialNumber;
use x509_cert::spki::{SubjectPublicKeyInfoOwned, SubjectPublicKeyInfoRef};
use x509_cert::time::{Time, Validity};

use super::keys::PrivateKey;
use super::pem;
use crate::functions::random::Random;
use crate::value::{Kind, Map, MapType, Object, ObjectError, Str, Value};

/// A certificate and its key as templates see them: `sprig.certificate`.
#[derive(Clone, Debug)]
pub(super) struct Pair {
    pub cert: Str,
    pub key: Str,
}

impl Pair {
    /// The value of a pair.
    pub fn into_value(self) -> Value {
        Value::Object(Arc::new(self))
    }
}

impl Object for Pair {
    fn type_name(&self) -> &str {
        "sprig.certificate"
    }

    fn kind(&self) -> Kind {
        Kind::Struct
    }

    fn field(&self, name: &str) -> Option<Value> {
        match name {
            "Cert" => Some(Value::String(self.cert.clone())),
            "Key" => Some(Value::String(self.key.clone())),
            _ => None,
        }
    }

    fn fields(&self) -> Vec<String> {
        vec!["Cert".to_string(), "Key".to_string()]
    }

    fn has_method(&self, _: &str) -> bool {
        false
    }

    fn call(&self, name: &str, _: &[Value]) -> Result<Value, ObjectError> {
        Err(ObjectError(format!("sprig.certificate has no method {name}")))
    }

    fn method_params(&self, _: &str) -> usize {
        0
    }

    fn print(&self) -> String {
        format!("{{{} {}}}", self.cert, self.key)
    }

    fn to_plain(&self) -> Value {
        let map = Map::new(MapType::Any);
        map.insert("Cert", Value::String(self.cert.clone()));
        map.insert("Key", Value::String(self.key.clone()));
        Value::Map(map)
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

/// What a certificate shall say.
pub(super) struct Template {
    pub common_name: String,
    pub ips: Vec<IpAddr>,
    pub dns_names: Vec<String>,
    /// Seconds since 1970.
    pub not_before: i64,
    /// Seconds since 1970.
    pub not_after: i64,
    pub is_ca: bool,
}

/// About so many bytes of text has a certificate without names.
const BARE: usize = 1_400;
/// What an entry of a list of names takes besides the name.
const ENTRY: usize = 8;

impl Template {
    /// About how many bytes of text the certificate will have.
    pub fn weight(&self) -> usize {
        let names = self.dns_names.iter().map(|name| name.len() + ENTRY).sum::<usize>();
        let bytes = 2 * self.common_name.len() + names + self.ips.len() * 3 * ENTRY;
        BARE + bytes + bytes / 2
    }

    /// Whether a certificate can say this.
    pub fn check(&self) -> Result<(), String> {
        let words = |e: der::Error| e.to_string();
        name(&self.common_name).map_err(words)?;
        self.dns_names.iter().try_for_each(|dns| ia5(dns).map(|_| ()))?;
        time(self.not_before).and(time(self.not_after)).map(|_| ()).map_err(words)
    }
}

/// Who signs a certificate.
pub(super) struct Signer<'a> {
    pub key: &'a PrivateKey,
    /// The signer's certificate; none if the certificate signs itself.
    pub certificate: Option<&'a Certificate>,
}

/// Reads the first certificate of a PEM text.
pub(super) fn parse(text: &[u8]) -> Result<Certificate, String> {
    let block = pem::decode(text).ok_or("unable to decode certificate")?;
    Certificate::from_der(&block.bytes)
        .map_err(|e| format!("error parsing certificate: decodedSignerCert.Bytes: {e}"))
}

/// Makes a certificate for `key`, in PEM.
pub(super) fn create(
    random: &mut Random,
    template: &Template,
    key: &PrivateKey,
    signer: &Signer<'_>,
) -> Result<String, String> {
    let public_key = key.public_key()?;
    let signer_key = signer.key.public_key()?;
    let words = |e: &dyn std::fmt::Display| e.to_string();
    if let Some(parent) = signer.certificate {
        let known = parent.tbs_certificate().subject_public_key_info().to_der().map_err(|e| words(&e))?;
        if known != signer_key {
            return Err("x509: provided PrivateKey doesn't match parent's PublicKey".to_string());
        }
    }
    let info = SubjectPublicKeyInfoOwned::from_der(&public_key).map_err(|e| words(&e))?;
    let profile = Profile::new(template, signer, &info).map_err(|e| words(&e))?;
    let validity = Validity::new(
        time(template.not_before).map_err(|e| words(&e))?,
        time(template.not_after).map_err(|e| words(&e))?,
    );
    let builder =
        CertificateBuilder::new(profile, serial_number(random)?, validity, info).map_err(|e| words(&e))?;
    let certificate = match signer.key {
        PrivateKey::Rsa(key) => {
            let signer = rsa::pkcs1v15::SigningKey::<Sha256>::new((**key).clone());
            builder.build::<_, rsa::pkcs1v15::Signature>(&signer)
        }
        PrivateKey::Ecdsa(key) => {
            let signer = p256::ecdsa::SigningKey::from(key);
            builder.build::<_, p256::ecdsa::DerSignature>(&signer)
        }
        PrivateKey::Ed25519(key) => builder.build::<_, ed25519_dalek::Signature>(key),
        PrivateKey::Dsa(_) => return Err("x509: unsupported public key type: *dsa.PublicKey".to_string()),
    };
    let der = certificate.map_err(|e| words(&e))?.to_der().map_err(|e| words(&e))?;
    Ok(pem::encode("CERTIFICATE", &der))
}

/// A random number below 2¹²⁸.
fn serial_number(random: &mut Random) -> Result<SerialNumber, String> {
    let mut bytes = [0; 16];
    random.fill(&mut bytes);
    let zeros = bytes.iter().take_while(|b| **b == 0).count().min(15);
    SerialNumber::new(bytes.get(zeros..).unwrap_or_default()).map_err(|e| e.to_string())
}

/// A moment as certificates write it: with two digits of the year up to 2049.
fn time(seconds: i64) -> der::Result<Time> {
    let seconds = u64::try_from(seconds).map_err(|_| der::ErrorKind::DateTime)?;
    let moment = DateTime::from_unix_duration(std::time::Duration::from_secs(seconds))?;
    Ok(match moment.year() <= UtcTime::MAX_YEAR {
        true => Time::UtcTime(UtcTime::from_date_time(moment)?),
        false => Time::GeneralTime(GeneralizedTime::from_date_time(moment)),
    })
}

/// The names and extensions of a certificate.
struct Profile {
    subject: Name,
    issuer: Name,
    extensions: Vec<Extension>,
}

impl Profile {
    fn new(
        template: &Template,
        signer: &Signer<'_>,
        key: &SubjectPublicKeyInfoOwned,
    ) -> Result<Profile, Box<dyn std::error::Error>> {
        let subject = name(&template.common_name)?;
        let issuer = match signer.certificate {
            Some(parent) => parent.tbs_certificate().subject().clone(),
            None => subject.clone(),
        };
        let mut extensions = Vec::new();
        let mut add = |extension: Result<Extension, der::Error>| {
            extensions.push(extension?);
            Ok::<(), der::Error>(())
        };
        let mut usage = KeyUsages::KeyEncipherment | KeyUsages::DigitalSignature;
        if template.is_ca {
            usage |= KeyUsages::KeyCertSign;
        }
        add((true, &KeyUsage(usage)).to_extension(&subject, &[]))?;
        let server = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.3.1");
        let client = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.3.2");
        add((false, &ExtendedKeyUsage(vec![server, client])).to_extension(&subject, &[]))?;
        let constraints = BasicConstraints { ca: template.is_ca, path_len_constraint: None };
        add((true, &constraints).to_extension(&subject, &[]))?;
        if template.is_ca {
            let id = SubjectKeyIdentifier(OctetString::new(key_identifier(&key.subject_public_key))?);
            add((false, &id).to_extension(&subject, &[]))?;
        }
        // The signer's key is named if it has an identifier and the certificate isn't its own.
        if issuer.to_der()? != subject.to_der()?
            && let Some(parent) = signer.certificate
            && let Some((_, id)) = parent.tbs_certificate().get_extension::<SubjectKeyIdentifier>()?
        {
            let id = AuthorityKeyIdentifier { key_identifier: Some(id.0), ..Default::default() };
            add((false, &id).to_extension(&subject, &[]))?;
        }
        let mut names = Vec::new();
        for dns in &template.dns_names {
            names.push(GeneralName::DnsName(ia5(dns)?));
        }
        for ip in &template.ips {
            let bytes = match ip.to_canonical() {
                IpAddr::V4(ip) => OctetString::new(ip.octets())?,
                IpAddr::V6(ip) => OctetString::new(ip.octets())?,
            };
            names.push(GeneralName::IpAddress(bytes));
        }
        if !names.is_empty() {
            // Where there is no subject, the other names must be understood.
            let critical = subject.is_empty();
            add((critical, &SubjectAltName(names)).to_extension(&subject, &[]))?;
        }
        Ok(Profile { subject, issuer, extensions })
    }
}

fn ia5(text: &str) -> Result<Ia5String, String> {
    Ia5String::new(text).map_err(|_| {
        let quoted = crate::value::print::quote(text.as_bytes());
        format!("x509: {quoted} cannot be encoded as an IA5String")
    })
}

/// What Go names a key by, from version 1.25 on.
fn key_identifier(key: &BitString) -> Vec<u8> {
    let hash = Sha256::digest(key.raw_bytes());
    hash.iter().take(20).copied().collect()
}

/// A name of one part, or of none if the text is empty.
fn name(common_name: &str) -> der::Result<Name> {
    let mut names = RdnSequence::default();
    if !common_name.is_empty() {
        // Go takes the small alphabet if it suffices.
        let printable = |b: u8| b.is_ascii_alphanumeric() || b" '()+,-./:=?*&".contains(&b);
        let tag = if common_name.bytes().all(printable) { Tag::PrintableString } else { Tag::Utf8String };
        let oid = ObjectIdentifier::new_unwrap("2.5.4.3");
        let value = der::Any::new(tag, common_name.as_bytes())?;
        let mut set = SetOfVec::new();
        set.insert(AttributeTypeAndValue { oid, value })?;
        names.push(RelativeDistinguishedName::from(set));
    }
    Name::from_der(&names.to_der()?)
}

impl BuilderProfile for Profile {
    fn get_issuer(&self, _: &Name) -> Name {
        self.issuer.clone()
    }

    fn get_subject(&self) -> Name {
        self.subject.clone()
    }

    fn build_extensions(
        &self,
        _: SubjectPublicKeyInfoRef<'_>,
        _: SubjectPublicKeyInfoRef<'_>,
        _: &TbsCertificate,
    ) -> BuilderResult<Vec<Extension>> {
        Ok(self.extensions.clone())
    }
}
