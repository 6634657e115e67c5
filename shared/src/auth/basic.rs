//! The `Authorization` header of an application (RFC 6749, section 2.3.1; RFC 7617).

use super::CredentialError;
use super::client::{ClientId, ClientSecret};
use aws_smithy_types::base64;

/// Id and secret of an `Authorization: Basic …` header: each as a form writes it (`application/x-www-form-urlencoded`),
/// a colon between them, all in base64.
///
/// # Errors
/// [`CredentialError::UnknownClient`] for everything else, a missing header included.
pub fn basic(authorization: Option<&str>) -> Result<(ClientId, ClientSecret), CredentialError> {
    authorization.and_then(parse).ok_or(CredentialError::UnknownClient)
}

fn parse(authorization: &str) -> Option<(ClientId, ClientSecret)> {
    let (scheme, credentials) = authorization.trim_matches([' ', '\t']).split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("Basic") {
        return None;
    }
    let credentials = base64::decode(credentials.trim_start_matches(' ')).ok()?;
    let credentials = String::from_utf8(credentials).ok()?;
    let (id, secret) = credentials.split_once(':')?;
    Some((ClientId::parse(&form_decoded(id)?)?, ClientSecret::parse(&form_decoded(secret)?)?))
}

/// What a form's value says; `None` where its percent-encoding is broken or hides no UTF-8.
fn form_decoded(value: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(value.len());
    let mut rest = value.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'+' => b' ',
            b'%' => {
                let digit = |byte: u8| char::from(byte).to_digit(16);
                u8::try_from(digit(rest.next()?)? * 16 + digit(rest.next()?)?).ok()?
            }
            other => other,
        });
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id() -> String {
        format!("app-{}", "ab".repeat(16))
    }

    fn secret() -> String {
        format!("as-{}", "cd".repeat(32))
    }

    fn header(scheme: &str, credentials: &str) -> String {
        format!("{scheme} {}", base64::encode(credentials))
    }

    #[test]
    fn takes_id_and_secret_as_a_form_writes_them() {
        let plain = format!("{}:{}", id(), secret());
        let encoded = format!("app%2D%61b{}:as%2d{}", "ab".repeat(15), "cd".repeat(32));
        for header in [
            header("Basic", &plain),
            header("basic", &plain),
            header("BASIC  ", &plain),
            format!(" {} ", header("Basic", &plain)),
            header("Basic", &encoded),
        ] {
            let (parsed_id, parsed_secret) = basic(Some(&header)).unwrap();
            assert_eq!((parsed_id.as_str(), parsed_secret.expose()), (&*id(), &*secret()), "{header}");
        }
    }

    #[test]
    fn everything_else_is_no_application() {
        let (id, secret) = (id(), secret());
        let plain = format!("{id}:{secret}");
        let pairs = [
            String::new(),
            ":".into(),
            id.clone(),
            format!("{id}:"),
            format!(":{secret}"),
            format!("{id}:{secret}:"),
            format!("{id}:{secret}%"),
            format!("{id}:{secret}%2"),
            format!("{id}:{secret}%zz"),
            format!("{id}%ff:{secret}"),
            format!("{id}+:{secret}"),
            format!("{id}%3A{secret}"),
            format!("{secret}:{id}"),
        ];
        let mut headers: Vec<String> = pairs.iter().map(|pair| header("Basic", pair)).collect();
        headers.extend([
            String::new(),
            "Basic".into(),
            "Basic ".into(),
            format!("Basic {plain}"),
            format!("Basic {}!", base64::encode(&plain)),
            format!("{0}, {0}", header("Basic", &plain)),
            header("Bearer", &plain),
            base64::encode(&plain),
            format!("Basic {}", base64::encode([0xff, b':', 0xff])),
        ]);
        for header in headers {
            assert_eq!(basic(Some(&header)).err(), Some(CredentialError::UnknownClient), "{header}");
        }
        assert_eq!(basic(None).err(), Some(CredentialError::UnknownClient));
    }
}
