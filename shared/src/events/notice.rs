//! Word to an old address that it is not the profile's any more (OWASP ASVS 5.0, 6.3.7).

use super::change::Change;
use super::effect::Effect;
use crate::clock::Clock;
use crate::courier::{Courier, CourierError, Letter};
use crate::profile::{Attribute, Contact, Profile};
use crate::store::ProfileStore;
use crate::tongue::Tongue;
use futures_util::future::BoxFuture;
use futures_util::{FutureExt, StreamExt, stream};
use std::collections::{BTreeSet, HashSet};
use std::sync::Arc;

/// Letters that are on their way at the same time, so that a service which answers late does not use up the effect's
/// time.
const AT_A_TIME: usize = 5;

/// The letters to the addresses that a live profile has no longer, in the language of its user. None to one that is only
/// spelled in another way.
pub(super) fn letters(old: &Profile, new: &Profile) -> Vec<Letter> {
    let tongue = Tongue::of_language(new.text(Attribute::Language));
    let letter = |contact: Contact| {
        let (unique, attribute) = (contact.unique(), contact.attribute());
        let (before, after) = (old.text(attribute)?, new.text(attribute));
        let is_kept = after.is_some_and(|after| unique.canonical(after) == unique.canonical(before));
        (!is_kept).then(|| Letter::contact_changed(contact, before, after, tongue))
    };
    Contact::ALL.into_iter().filter_map(letter).collect()
}

/// Tells old addresses.
///
/// Each is told at least once, and once only as far as that can be: when the batch comes again, a mark on the table
/// says who has been told. What a service refuses for good counts as told, since no further attempt would help.
pub struct Notices {
    courier: Courier,
    store: ProfileStore,
    clock: Arc<dyn Clock>,
}

/// What became of a letter.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Fate {
    Sent,
    Earlier,
    Rejected,
    /// The stack is not set up for letters of this kind.
    Unreachable,
    Failed,
}

impl Notices {
    /// Notices by this courier; the marks are kept on this table.
    pub fn new(courier: Courier, store: ProfileStore, clock: Arc<dyn Clock>) -> Self {
        Self { courier, store, clock }
    }

    async fn tell(&self, change_id: &str, letter: &Letter) -> Fate {
        let contact = letter.contact();
        if !self.courier.reaches(contact) {
            return Fate::Unreachable;
        }
        match self.store.is_told(change_id, contact).await {
            Ok(false) => {}
            Ok(true) => return Fate::Earlier,
            Err(_) => return Fate::Failed,
        }
        let fate = match self.courier.send(letter).await {
            Ok(()) => Fate::Sent,
            Err(CourierError::Rejected) => Fate::Rejected,
            Err(CourierError::Throttled | CourierError::Unavailable) => return Fate::Failed,
        };
        // Without the mark, somebody may be told twice; to try again would make sure of that.
        let _ = self.store.note_told(change_id, contact, self.clock.now()).await;
        fate
    }
}

impl Effect for Notices {
    fn name(&self) -> &'static str {
        "notice"
    }

    fn apply<'a>(&'a self, changes: &'a [Change]) -> BoxFuture<'a, BTreeSet<usize>> {
        let mut telling: Vec<BoxFuture<'a, (usize, Fate)>> = Vec::new();
        // What a batch holds twice is told once: at the second time the mark may not be there yet.
        let mut seen = HashSet::new();
        for (position, change) in
            changes.iter().enumerate().filter(|(_, change)| seen.insert(&change.event_id))
        {
            for letter in &change.letters {
                telling.push(self.tell(&change.event_id, letter).map(move |fate| (position, fate)).boxed());
            }
        }
        async {
            let fates: Vec<_> = stream::iter(telling).buffer_unordered(AT_A_TIME).collect().await;
            let count = |wanted: Fate| fates.iter().filter(|(_, fate)| *fate == wanted).count();
            if !fates.is_empty() {
                tracing::info!(
                    sent = count(Fate::Sent),
                    sent_earlier = count(Fate::Earlier),
                    rejected = count(Fate::Rejected),
                    unreachable = count(Fate::Unreachable),
                    failed = count(Fate::Failed),
                    "notices"
                );
            }
            fates.iter().filter(|(_, fate)| *fate == Fate::Failed).map(|(position, _)| *position).collect()
        }
        .boxed()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Timestamp;
    use crate::validation::UserId;
    use serde_json::{Value, json};

    fn profile(attributes: &[(Attribute, &str)]) -> Profile {
        let value = |(attribute, text): &(Attribute, &str)| (*attribute, Value::from(*text));
        Profile {
            user_id: UserId::parse("ada").unwrap(),
            version: 1,
            created_at: Timestamp::from_millis(0),
            updated_at: Timestamp::from_millis(0),
            phone_verified: true,
            email_verified: true,
            attributes: attributes.iter().map(value).collect(),
        }
    }

    #[test]
    fn only_who_is_left_is_told() {
        use Attribute::{Email, Language, Nickname, Phone};
        let (one, other) = ((Phone, "+8613900130012"), (Phone, "+8613900130013"));
        let (ada, respelled, gus) =
            ((Email, "ada@example.com"), (Email, "ADA@Example.com"), (Email, "gus@example.org"));
        let phone = |new, tongue| Letter::contact_changed(Contact::Phone, one.1, new, tongue);
        let email = |new, tongue| Letter::contact_changed(Contact::Email, ada.1, new, tongue);
        let english = Tongue::English;
        for (case, old, new, expected) in [
            ("nothing", vec![one, ada], vec![one, ada], vec![]),
            ("set", vec![], vec![one, ada], vec![]),
            ("another attribute", vec![one], vec![one, (Nickname, "Ada")], vec![]),
            ("respelled", vec![ada], vec![respelled], vec![]),
            ("changed", vec![one], vec![other], vec![phone(Some(other.1), english)]),
            ("removed", vec![ada, one], vec![one], vec![email(None, english)]),
            (
                "both",
                vec![ada, one],
                vec![gus, other],
                vec![phone(Some(other.1), english), email(Some(gus.1), english)],
            ),
            (
                "in Chinese",
                vec![one],
                vec![other, (Language, "zh-Hant-HK")],
                vec![phone(Some(other.1), Tongue::Chinese)],
            ),
            (
                "in neither",
                vec![one, (Language, "zh-CN")],
                vec![(Language, "fr")],
                vec![phone(None, english)],
            ),
        ] {
            assert_eq!(letters(&profile(&old), &profile(&new)), expected, "{case}");
        }
        // What is no text is nobody's address.
        let mut odd = profile(&[]);
        odd.attributes.insert(Phone, json!(1));
        assert!(letters(&odd, &profile(&[one])).is_empty());
    }
}
