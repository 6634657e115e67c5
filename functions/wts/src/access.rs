//! Access levels, from the token's `access` claim.

/// Levels that may change anybody's profile.
const ADMIN: &[&str] = &["admin", "dev", "chief", "api", "group-leader"];
/// Further levels that may use the API for themselves.
const ACTIVE: &[&str] = &["formal-member", "informal-member", "pre-member", "user"];

/// Whether one of the levels is an administrator's.
pub fn is_admin(levels: &[String]) -> bool {
    levels.iter().any(|level| ADMIN.contains(&level.as_str()))
}

/// Whether one of the levels is active. `unregistered` is not, and neither is a level that nobody has heard of.
pub fn is_active(levels: &[String]) -> bool {
    is_admin(levels) || levels.iter().any(|level| ACTIVE.contains(&level.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sorts_the_levels() {
        let of = |level: &str| (is_admin(&[level.to_owned()]), is_active(&[level.to_owned()]));
        for level in ["admin", "dev", "chief", "api", "group-leader"] {
            assert_eq!(of(level), (true, true), "{level}");
        }
        for level in ["formal-member", "informal-member", "pre-member", "user"] {
            assert_eq!(of(level), (false, true), "{level}");
        }
        for level in ["unregistered", "", "Admin", "root"] {
            assert_eq!(of(level), (false, false), "{level}");
        }
        assert!(!is_active(&[]));
    }
}
