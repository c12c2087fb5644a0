//! Names behind which secrets usually stand. Pure.

/// Whether a header or parameter of this name usually holds a credential.
pub fn sounds_secret(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    name.ends_with("key")
        || [
            "token",
            "secret",
            "passw",
            "signature",
            "session",
            "credential",
            "cookie",
            "authorization",
        ]
        .iter()
        .any(|part| name.contains(part))
        || matches!(name.as_str(), "sig" | "pwd" | "auth" | "x-auth")
}

#[cfg(test)]
mod tests {
    use super::sounds_secret;

    #[test]
    fn names_of_credentials_are_known_in_any_case() {
        for name in [
            "X-Api-Key",
            "access_token",
            "Cookie",
            "Authorization",
            "sig",
            "userPassword",
        ] {
            assert!(sounds_secret(name), "{name}");
        }
        for name in ["page", "Accept-Language", "signal", "author"] {
            assert!(!sounds_secret(name), "{name}");
        }
    }
}
