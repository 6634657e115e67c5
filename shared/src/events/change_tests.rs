use super::*;
use crate::store::{ChangedBy, Record};
use serde_json::json;

const NOON: Timestamp = Timestamp::from_millis(1_775_217_600_000);

/// What is told of a change: its kind's detail-type and its detail.
fn told(old: Option<&Image>, new: &Image, values: &str) -> Option<(&'static str, Value)> {
    let change = Change::between(old, new, &Values::parse(values).unwrap())?;
    Some((change.kind.detail_type(), serde_json::from_str(&change.detail(usize::MAX)).unwrap()))
}

fn image(version: u64, profile: Option<Profile>) -> Image {
    Image {
        user_id: UserId::parse("ada").unwrap(),
        time: NOON,
        record: Record {
            change_id: format!("change-{version}"),
            previous_change_id: None,
            changed_by: ChangedBy { contract: "ciam".into(), actor: ActorKind::Subject, origin: None },
            version,
            profile,
            schema: 1,
            unknown: Vec::new(),
        },
    }
}

fn live(version: u64, attributes: impl IntoIterator<Item = (Attribute, Value)>, proved: &[Contact]) -> Image {
    let profile = Profile {
        user_id: UserId::parse("ada").unwrap(),
        version,
        created_at: NOON,
        updated_at: NOON,
        phone_verified: proved.contains(&Contact::Phone),
        email_verified: proved.contains(&Contact::Email),
        attributes: attributes.into_iter().collect(),
    };
    image(version, Some(profile))
}

fn names(lists: [&[&str]; 3]) -> Value {
    json!({"set": lists[0], "changed": lists[1], "removed": lists[2]})
}

#[test]
fn tells_the_whole_of_a_change() {
    let old = live(6, [(Attribute::Nickname, json!("Ada")), (Attribute::Bio, json!("x"))], &[]);
    let mut new =
        live(7, [(Attribute::Nickname, json!("Countess")), (Attribute::City, json!("London"))], &[]);
    new.record.changed_by =
        ChangedBy { contract: "sync".into(), actor: ActorKind::Operator, origin: Some("crm".into()) };
    let detail = json!({
        "schema_version": 1, "event_id": "change-7", "user_id": "ada", "version": 7,
        "time": "2026-04-03T12:00:00.000Z", "contract": "sync", "actor": "operator", "origin": "crm",
        "set": ["city"], "changed": ["nickname"], "removed": ["bio"],
    });
    assert_eq!(told(Some(&old), &new, ""), Some(("Profile Updated", detail)));
}

#[test]
fn tells_each_kind_of_change_by_its_names() {
    let [phone, other] = ["+8613800138000", "+8613900139000"].map(|phone| (Attribute::Phone, json!(phone)));
    let [ada, ben] = ["Ada", "Ben"].map(|name| (Attribute::Nickname, json!(name)));
    let email = (Attribute::Email, json!("ada@example.com"));
    let bare = live(1, [], &[]);
    let named = live(1, [ada.clone()], &[]);
    let called = live(1, [ada.clone(), phone.clone()], &[Contact::Phone]);
    let erased = image(1, None);
    let fields = |value: &str| (Attribute::CustomFields, json!({"a": value}));
    let (created, updated, contact) = ("Profile Created", "Profile Updated", "Profile Contact Changed");
    let cases = [
        ("created empty", None, live(2, [], &[]), created, names([&[], &[], &[]])),
        (
            "created with a proved contact",
            None,
            live(2, [phone.clone()], &[Contact::Phone]),
            created,
            names([&["phone", "phone_verified"], &[], &[]]),
        ),
        (
            "created again",
            Some(&erased),
            live(2, [ada.clone(), email.clone()], &[]),
            created,
            names([&["email", "nickname"], &[], &[]]),
        ),
        ("nothing changed", Some(&named), live(2, [ada.clone()], &[]), updated, names([&[], &[], &[]])),
        ("set", Some(&bare), live(2, [ada.clone()], &[]), updated, names([&["nickname"], &[], &[]])),
        ("changed", Some(&named), live(2, [ben.clone()], &[]), updated, names([&[], &["nickname"], &[]])),
        ("removed", Some(&named), live(2, [], &[]), updated, names([&[], &[], &["nickname"]])),
        (
            "within an object",
            Some(&live(1, [fields("b")], &[])),
            live(2, [fields("c")], &[]),
            updated,
            names([&[], &["custom_fields"], &[]]),
        ),
        (
            "proved alone",
            Some(&live(1, [ada.clone(), phone.clone()], &[])),
            called.clone(),
            updated,
            names([&["phone_verified"], &[], &[]]),
        ),
        (
            "contact set",
            Some(&named),
            live(2, [ben, email], &[]),
            contact,
            names([&["email"], &["nickname"], &[]]),
        ),
        (
            "contact changed, proof gone",
            Some(&called),
            live(2, [ada.clone(), other], &[]),
            contact,
            names([&[], &["phone"], &["phone_verified"]]),
        ),
        (
            "contact removed",
            Some(&called),
            live(2, [ada], &[]),
            contact,
            names([&[], &[], &["phone", "phone_verified"]]),
        ),
        (
            "erased",
            Some(&called),
            image(2, None),
            "Profile Erased",
            names([&[], &[], &["nickname", "phone", "phone_verified"]]),
        ),
        ("erased unseen", None, image(2, None), "Profile Erased", names([&[], &[], &[]])),
        ("erased again", Some(&erased), image(2, None), "Profile Erased", names([&[], &[], &[]])),
    ];
    for (case, old, mut new, kind, lists) in cases {
        new.record.version = 2;
        new.record.change_id = "change-2".into();
        let mut expected = json!({
            "schema_version": 1, "event_id": "change-2", "user_id": "ada", "version": 2,
            "time": "2026-04-03T12:00:00.000Z", "contract": "ciam", "actor": "subject",
        });
        expected.as_object_mut().unwrap().append(&mut lists.as_object().unwrap().clone());
        assert_eq!(told(old, &new, ""), Some((kind, expected)), "{case}");
    }
}

#[test]
fn tells_nothing_of_a_version_that_was_written_over_itself() {
    let old = live(3, [(Attribute::Nickname, json!("Ada"))], &[]);
    assert_eq!(told(Some(&old), &live(3, [], &[]), ""), None);
}

#[test]
fn tells_values_only_of_listed_attributes_that_have_new_ones() {
    let old = live(
        1,
        [(Attribute::City, json!("London")), (Attribute::Bio, json!("x")), (Attribute::Name, json!("A"))],
        &[Contact::Email],
    );
    let new = live(
        2,
        [
            (Attribute::City, json!("London")),
            (Attribute::Name, json!("B")),
            (Attribute::Nickname, json!("C")),
        ],
        &[Contact::Phone],
    );
    let (_, detail) = told(Some(&old), &new, "city, bio nickname,phone_verified,email_verified").unwrap();
    assert_eq!(detail["values"], json!({"nickname": "C", "phone_verified": true}));
    assert_eq!(
        (&detail["set"], &detail["changed"], &detail["removed"]),
        (&json!(["nickname", "phone_verified"]), &json!(["name"]), &json!(["bio", "email_verified"]))
    );
}

#[test]
fn leaves_values_out_where_there_is_no_room_for_them() {
    let new = live(1, [(Attribute::Bio, json!("x".repeat(1000)))], &[]);
    let change = Change::between(None, &new, &Values::parse("bio").unwrap()).unwrap();
    let whole = change.detail(usize::MAX);
    assert_eq!(change.detail(whole.len()), whole);
    let short: Value = serde_json::from_str(&change.detail(whole.len() - 1)).unwrap();
    assert_eq!((short.get("values"), &short["set"]), (None, &json!(["bio"])));
}

#[test]
fn knows_a_list_of_values_by_attribute_names_alone() {
    assert_eq!(Values::parse(" ,"), Some(Values::default()));
    assert_eq!(Values::parse("city,\nphone_verified"), Values::parse("phone_verified city"));
    for wrong in ["Nickname", "password", "user_id", "city;name"] {
        assert_eq!(Values::parse(wrong), None, "{wrong}");
    }
}
