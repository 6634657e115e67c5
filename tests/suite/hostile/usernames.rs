//! Names that look like one that is taken.

use icu_normalizer::ComposingNormalizerBorrowed;
use serde_json::json;
use shared::auth::Role;
use shared::validation::Username;
use tests::{Reply, Request, World};

fn compatible(text: &str) -> String {
    ComposingNormalizerBorrowed::new_nfkc().normalize(text).into_owned()
}

/// Every character that has a compatibility form: none of the blocks that are left out has any.
fn with_forms() -> impl Iterator<Item = (char, String)> {
    let blocks =
        ['\u{80}'..='\u{33ff}', '\u{a000}'..='\u{abff}', '\u{f900}'..='\u{1ffff}', '\u{2f800}'..='\u{2fa1f}'];
    let forms = blocks.into_iter().flatten().map(|character| (character, compatible(&character.to_string())));
    forms.filter(|(character, form)| *form != character.to_string())
}

/// What CloudBase and System user answer to somebody else who wants this name.
async fn wanted(world: &World, key: &str, name: &str) -> [Reply; 2] {
    let edit = Request::edit_user_basic().bearer(&world.token("2")).json(&json!({"username": name}));
    let update = Request::update_user("2").bearer(key).json(&json!({"userName": name}));
    [world.send(&edit).await, world.send(&update).await]
}

/// Every character that becomes another one by compatibility, at its place in a name that is taken.
#[tokio::test]
async fn nobody_gets_a_taken_name_in_a_compatibility_form() {
    const NAME: &str = "qUxfi0ss";
    let world = World::new().await;
    world.create("2").await;
    let key = world.api_key(Role::Admin).await;
    let mine = Request::edit_user_basic().bearer(&world.token("1")).json(&json!({"username": NAME}));
    assert_eq!(world.send(&mine).await, Reply::json(200, json!({})));
    let before = world.items().await;
    let (mut taken, mut refused) = (0, 0);
    let forms = with_forms().map(|(character, form)| (character, form.to_lowercase()));
    let forms = forms.filter(|(_, form)| !form.is_empty() && NAME.to_lowercase().contains(form.as_str()));
    let names = forms.map(|(character, form)| NAME.to_lowercase().replacen(&form, &character.to_string(), 1));
    let by_hand = ["QUXFI0SS", "quxfi0\u{df}", "QUXFI0\u{1e9e}", "ｑｕｘｆｉ０ｓｓ", "𝓺𝓾𝔁𝓯𝓲𝟘𝓼𝓼", "quxﬁ0ſs"];
    for name in names.chain(by_hand.map(str::to_owned)) {
        let [edit, update] = wanted(&world, &key, &name).await;
        match edit.body["error"].as_str() {
            Some("username_already_exists") => {
                taken += 1;
                assert_eq!(update.body["message"], "Username is already taken.", "{name}");
            }
            // A circled letter, for instance, may stand in no name at all.
            Some("invalid_argument") => {
                refused += 1;
                assert_eq!(update.body["message"], "Invalid parameter.", "{name}");
            }
            _ => panic!("{name} {:?}", edit.body),
        }
    }
    assert_eq!(world.items().await, before);
    assert!(taken > 150 && refused > 20, "{taken} {refused}");
}

/// All characters that there are: a name with one of them is taken with the name in which its compatibility form stands.
#[test]
fn each_compatibility_form_is_one_claim() {
    let mut forms = 0;
    for (character, form) in with_forms() {
        for (name, other) in
            [(format!("ab{character}"), format!("ab{form}")), (format!("{character}ab"), format!("{form}ab"))]
        {
            let Ok(name) = Username::parse(&name) else { continue };
            let other = Username::parse(&other).unwrap();
            assert_eq!(Username::canonical(name.as_str()), Username::canonical(other.as_str()), "{name:?}");
            forms += 1;
        }
    }
    assert!(forms > 7_000, "{forms}");
}

/// What cannot be seen, or moves what can, is part of no name.
#[tokio::test]
async fn a_name_holds_nothing_invisible() {
    let world = World::new().await;
    world.create("2").await;
    let key = world.api_key(Role::Admin).await;
    let before = world.items().await;
    let invisible = "\0\t\n\r \u{7f}\u{85}\u{a0}\u{ad}\u{34f}\u{61c}\u{115f}\u{1160}\u{17b4}\u{17b5}\u{180b}\u{180e}\u{180f}\
                     \u{2000}\u{200a}\u{200b}\u{200c}\u{200d}\u{200e}\u{200f}\u{2028}\u{2029}\u{202a}\u{202b}\u{202c}\u{202d}\
                     \u{202e}\u{202f}\u{205f}\u{2060}\u{2061}\u{2063}\u{2066}\u{2067}\u{2068}\u{2069}\u{206f}\u{2800}\u{3000}\
                     \u{3164}\u{e000}\u{fe00}\u{fe0f}\u{feff}\u{ffa0}\u{fff9}\u{fffc}\u{ffff}\u{1bca0}\u{1d159}\u{1d173}\
                     \u{e0001}\u{e0020}\u{e007f}\u{e0100}\u{e01ef}\u{10ffff}";
    for (index, character) in invisible.chars().enumerate() {
        let names = [format!("ad{character}min"), format!("{character}admin"), format!("admin{character}")];
        let name = &names[index % names.len()];
        let [edit, update] = wanted(&world, &key, name).await;
        assert_eq!(edit.body["error_description"], "Invalid username", "{name:?}");
        assert_eq!(update.body["message"], "Invalid parameter.", "{name:?}");
    }
    // Nor can it be taken for a number, an address or another kind of name.
    for name in [
        "１３８００１３８０００",
        "١٣٨٠٠١٣٨٠٠٠",
        "𝟏𝟑𝟖𝟎",
        "+8613800138000",
        "＋8613800138000",
        "a@b.co",
        "a＠b.co",
        "a\u{fe6b}b.co",
    ] {
        let [edit, update] = wanted(&world, &key, name).await;
        assert_eq!(edit.body["error_description"], "Invalid username", "{name:?}");
        assert_eq!(update.body["code"], "4000", "{name:?}");
    }
    assert_eq!(world.items().await, before);
}
