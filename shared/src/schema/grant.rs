//! Who may read or write an attribute of the schema.

use serde::Deserialize;

/// As who somebody reads or writes a user's attribute, and through which contract.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Access {
    /// As the user whose attribute it is.
    pub subject: bool,
    /// As an administrator.
    pub admin: bool,
    /// The contract's name.
    pub contract: &'static str,
}

/// What the schema says of reading, or of writing, one attribute.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Grant {
    subject: bool,
    admin: bool,
    /// Names of contracts; `None`: all of them.
    through: Option<Vec<String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Entry {
    by: Vec<Party>,
    through: Option<Vec<String>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Party {
    Subject,
    Admin,
}

impl Grant {
    /// To whoever may see, or change, the profile.
    pub(super) const EVERYBODY: Self = Self { subject: true, admin: true, through: None };
    /// To nobody who calls: what the attribute holds comes from another system or an operator.
    pub(super) const NOBODY: Self = Self { subject: false, admin: false, through: None };

    /// Reads a grant; what is wrong with it is told to `fault`.
    pub(super) fn parse(entry: Entry, mut fault: impl FnMut(&str)) -> Self {
        let Entry { by, through } = entry;
        if repeats(&by) {
            fault("names somebody twice");
        }
        match through.as_deref() {
            None => {}
            // Nobody is said by an empty `by`; this would say it a second way, and look like a slip.
            Some([]) => fault("goes through no contract"),
            Some(contracts) if repeats(contracts) => fault("names a contract twice"),
            Some(contracts) if !contracts.iter().all(|name| is_contract_name(name)) => {
                fault("names a contract that cannot be one: names are lower-case words joined by hyphens");
            }
            Some(_) => {}
        }
        Self { subject: by.contains(&Party::Subject), admin: by.contains(&Party::Admin), through }
    }

    /// Whether it covers this access.
    pub(super) fn covers(&self, access: Access) -> bool {
        let through = self.through.as_ref();
        let by = (self.subject && access.subject) || (self.admin && access.admin);
        by && through.is_none_or(|contracts| contracts.iter().any(|name| name == access.contract))
    }
}

fn repeats<T: PartialEq>(items: &[T]) -> bool {
    items.iter().enumerate().any(|(index, item)| items[..index].contains(item))
}

fn is_contract_name(name: &str) -> bool {
    name.split('-').all(|word| !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_lowercase()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SUBJECT: Access = Access { subject: true, admin: false, contract: "one" };
    const ADMIN: Access = Access { subject: false, admin: true, contract: "one" };

    fn parse(json: &str) -> (Grant, Vec<String>) {
        let mut faults = Vec::new();
        let grant = Grant::parse(serde_json::from_str(json).unwrap(), |fault| faults.push(fault.to_owned()));
        (grant, faults)
    }

    #[test]
    fn covers_whom_it_names_through_what_it_names() {
        let elsewhere = |access: Access| Access { contract: "two-b", ..access };
        // The subject, an administrator, both through another contract.
        for (json, covered) in [
            (r#"{"by":["subject","admin"]}"#, [true, true, true, true]),
            (r#"{"by":["subject"]}"#, [true, false, true, false]),
            (r#"{"by":["admin"]}"#, [false, true, false, true]),
            (r#"{"by":[]}"#, [false; 4]),
            (r#"{"by":["admin"],"through":["one"]}"#, [false, true, false, false]),
            (r#"{"by":["subject","admin"],"through":["two-b","three"]}"#, [false, false, true, true]),
        ] {
            let (grant, faults) = parse(json);
            assert!(faults.is_empty(), "{json}: {faults:?}");
            let found = [SUBJECT, ADMIN, elsewhere(SUBJECT), elsewhere(ADMIN)];
            assert_eq!(found.map(|access| grant.covers(access)), covered, "{json}");
        }
        let neither = Access { subject: false, admin: false, contract: "one" };
        assert!(!Grant::EVERYBODY.covers(neither) && !Grant::NOBODY.covers(SUBJECT));
        assert!(Grant::EVERYBODY.covers(SUBJECT) && Grant::EVERYBODY.covers(ADMIN));
        // An administrator's own attribute: either is enough.
        let both = Access { admin: true, ..SUBJECT };
        assert!(parse(r#"{"by":["admin"]}"#).0.covers(both) && parse(r#"{"by":["subject"]}"#).0.covers(both));
    }

    #[test]
    fn tells_what_is_wrong() {
        let name = "names a contract that cannot be one: names are lower-case words joined by hyphens";
        for (json, expected) in [
            (r#"{"by":["admin","admin"]}"#, vec!["names somebody twice"]),
            (r#"{"by":["admin"],"through":[]}"#, vec!["goes through no contract"]),
            (r#"{"by":["admin"],"through":["a","a"]}"#, vec!["names a contract twice"]),
            (r#"{"by":["admin"],"through":["AuthMS"]}"#, vec![name]),
            (r#"{"by":["admin"],"through":["a--b"]}"#, vec![name]),
            (r#"{"by":["admin","admin"],"through":[""]}"#, vec!["names somebody twice", name]),
        ] {
            assert_eq!(parse(json).1, expected, "{json}");
        }
    }
}
