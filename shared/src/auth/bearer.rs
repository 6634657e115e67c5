//! The `Authorization` header (RFC 6750, section 2.1).

use super::CredentialError;

/// The token of an `Authorization: Bearer …` header: the scheme in any case, then exactly one token.
///
/// Errors: [`CredentialError::Missing`] without a header, with another scheme or without a token,
/// [`CredentialError::Malformed`] for what is no token or more than one; two headers arrive joined by a comma, which no token contains.
pub fn bearer(authorization: Option<&str>) -> Result<&str, CredentialError> {
    let value = authorization.ok_or(CredentialError::Missing)?.trim_matches([' ', '\t']);
    let (scheme, token) = value.split_once(' ').unwrap_or((value, ""));
    let token = token.trim_start_matches(' ');
    if !scheme.eq_ignore_ascii_case("Bearer") || token.is_empty() {
        return Err(CredentialError::Missing);
    }
    if is_b64token(token) { Ok(token) } else { Err(CredentialError::Malformed) }
}

fn is_b64token(text: &str) -> bool {
    let body = text.trim_end_matches('=');
    !body.is_empty() && body.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~+/".contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_one_token() {
        for header in ["Bearer a.b-c_d~e+f/g==", "bearer a.b-c_d~e+f/g==", "BEARER   a.b-c_d~e+f/g== "] {
            assert_eq!(bearer(Some(header)), Ok("a.b-c_d~e+f/g=="), "{header:?}");
        }
    }

    #[test]
    fn another_scheme_or_no_token_is_as_good_as_none() {
        assert_eq!(bearer(None), Err(CredentialError::Missing));
        for header in ["", " ", "Basic YTpi", "a.b.c", "Bearera.b.c", "Bearer", "Bearer "] {
            assert_eq!(bearer(Some(header)), Err(CredentialError::Missing), "{header:?}");
        }
    }

    #[test]
    fn refuses_what_is_no_single_token() {
        for header in [
            "Bearer =",
            "Bearer a b",
            "Bearer a\tb",
            "Bearer a=b",
            "Bearer a,b",
            "Bearer a, Bearer b",
            "Bearer Bearer a",
            "Bearer \u{e4}",
            "Bearer \"a\"",
        ] {
            assert_eq!(bearer(Some(header)), Err(CredentialError::Malformed), "{header:?}");
        }
    }
}
