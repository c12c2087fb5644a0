//! Certificates and keys of one cluster, made anew for each. Pure but for randomness and the clock inside rcgen.

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose,
};

use super::{Error, Result};
use crate::layout::{API_SERVICE_ADDRESS, NODE_ADDRESS};

/// A file's name and text.
pub type File = (&'static str, String);

/// The certificate authority, the API server's certificates and the key of service accounts' tokens, as PEM files.
pub fn files() -> Result<Vec<File>> {
    let (authority, authority_pem) = authority().map_err(made("the authority"))?;
    let [server_certificate, server_key] = server(&authority).map_err(made("the API server"))?;
    let [client_certificate, client_key] =
        kubelet_client(&authority).map_err(made("the API server as the kubelet's client"))?;
    let accounts = KeyPair::generate().map_err(made("the service accounts"))?;
    Ok(vec![
        ("authority.crt", authority_pem),
        ("server.crt", server_certificate),
        ("server.key", server_key),
        ("kubelet-client.crt", client_certificate),
        ("kubelet-client.key", client_key),
        ("accounts.key", accounts.serialize_pem()),
        ("accounts.pub", accounts.public_key_pem()),
    ])
}

fn made(of: &'static str) -> impl FnOnce(rcgen::Error) -> Error {
    move |source| Error::Certificate { of, source }
}

fn authority() -> Result<(Issuer<'static, KeyPair>, String), rcgen::Error> {
    let mut params = CertificateParams::new(Vec::default())?;
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.distinguished_name.push(DnType::CommonName, "sms-e2e");
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::DigitalSignature];
    let key = KeyPair::generate()?;
    let pem = params.self_signed(&key)?.pem();
    Ok((Issuer::new(params, key), pem))
}

fn server(authority: &Issuer<'_, KeyPair>) -> Result<[String; 2], rcgen::Error> {
    let names = [
        "localhost",
        "kubernetes",
        "kubernetes.default",
        "kubernetes.default.svc",
        "kubernetes.default.svc.cluster.local",
        "127.0.0.1",
        API_SERVICE_ADDRESS,
        NODE_ADDRESS,
    ];
    let mut params = CertificateParams::new(names.map(str::to_owned))?;
    params
        .distinguished_name
        .push(DnType::CommonName, "kube-apiserver");
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    signed(params, authority)
}

fn kubelet_client(authority: &Issuer<'_, KeyPair>) -> Result<[String; 2], rcgen::Error> {
    let mut params = CertificateParams::new(Vec::default())?;
    params
        .distinguished_name
        .push(DnType::OrganizationName, "system:masters");
    params
        .distinguished_name
        .push(DnType::CommonName, "kube-apiserver");
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    signed(params, authority)
}

fn signed(
    mut params: CertificateParams,
    authority: &Issuer<'_, KeyPair>,
) -> Result<[String; 2], rcgen::Error> {
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.use_authority_key_identifier_extension = true;
    let key = KeyPair::generate()?;
    let certificate = params.signed_by(&key, authority)?;
    Ok([certificate.pem(), key.serialize_pem()])
}
