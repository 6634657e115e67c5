//! The Big List of Naughty Strings through every text that a caller can send.

use super::{Lines, faulty, stored};
use naughty_strings::BLNS;
use serde_json::{Map, Value, json};
use shared::auth::Role;
use shared::profile::Attribute;
use shared::validation::{Password, PasswordHash};
use tests::{Canaries, Reply, Request, World};

/// What is stored of a text that was sent; `None` where its rule refuses it.
type Rule = fn(sent: &str) -> Option<String>;

/// AuthMS's texts: at which field a fault is told, and its rule where it is one for plain text. Of texts of another form only
/// this can be told from here: what is taken is kept.
const AUTHMS: &[(&str, Option<Rule>)] = &[
    ("address", Some(|sent| stored(sent, 256, Lines::Many))),
    ("avatar_url", None),
    ("bio", Some(|sent| stored(sent, 1_000, Lines::Many))),
    ("birthdate", None),
    ("city", Some(|sent| stored(sent, 128, Lines::One))),
    ("country", None),
    ("first_name", Some(|sent| stored(sent, 64, Lines::One))),
    ("gender", None),
    ("language", None),
    ("last_name", Some(|sent| stored(sent, 64, Lines::One))),
    ("nickname", Some(|sent| stored(sent, 64, Lines::One))),
    ("timezone", None),
    ("website", None),
    ("custom_fields.note", Some(custom)),
    ("custom_fields.list[0]", Some(custom)),
    ("custom_fields.nested.deep", Some(custom)),
    ("social_links", Some(|sent| stored(sent, 64, Lines::One))),
    ("social_links.link", None),
];

/// Strings of custom fields may be empty.
fn custom(sent: &str) -> Option<String> {
    if sent.is_empty() { Some(String::new()) } else { stored(sent, usize::MAX, Lines::Many) }
}

/// A body with a text of its own at each of these fields.
fn body<'a>(fields: impl IntoIterator<Item = (&'a str, String)>) -> Value {
    let mut body = Map::new();
    for (field, text) in fields {
        let (member, inner) = field.split_once('.').unwrap_or((field, ""));
        let (name, value) = match (member, inner) {
            ("social_links", "") => (text, json!("x")),
            (_, "list[0]") => ("list".into(), json!([text])),
            (_, "nested.deep") => ("nested".into(), json!({"deep": text})),
            ("social_links" | "custom_fields", name) => (name.into(), json!(text)),
            (member, _) => {
                body.insert(member.into(), json!(text));
                continue;
            }
        };
        body.entry(member).or_insert(json!({}))[name] = value;
    }
    body.into()
}

/// The form in which a text of the list that was taken is kept: as it was sent, a language tag in lower case, since none of
/// the list has a region.
fn kept(field: &str, rule: Option<Rule>, sent: &str) -> String {
    match (field, rule) {
        (_, Some(rule)) => rule(sent).unwrap(),
        ("language" | "locale", None) => sent.to_lowercase(),
        (_, None) => sent.to_owned(),
    }
}

/// The members of a profile that tell of its making.
fn attributes(profile: &Value) -> Value {
    let mut profile = profile.clone();
    for own in ["user_id", "version", "created_at", "updated_at"] {
        profile.as_object_mut().unwrap().remove(own);
    }
    profile
}

#[tokio::test]
async fn authms_keeps_or_refuses_every_string() {
    Canaries::of_this_test().words_up_to(20);
    let world = World::new().await;
    for (index, text) in BLNS.iter().enumerate() {
        let user = index.to_string();
        let token = world.token(&user);
        let put = |body: &Value| Request::put_profile(&user).bearer(&token).json(body);
        let sent = AUTHMS.iter().map(|(field, _)| (*field, (*text).to_owned()));
        let refused = world.send(&put(&body(sent))).await;
        assert_eq!((refused.status, &refused.body["code"]), (400, &json!(30_101_001)), "{text:?}");
        let faulty = faulty(&refused);
        let is_taken = |field: &str| !faulty.iter().any(|faulty| faulty == field);
        for (field, rule) in AUTHMS {
            let expected = rule.map_or_else(|| is_taken(field), |rule| rule(text).is_some());
            assert_eq!(is_taken(field), expected, "{field} {text:?}");
        }
        assert!(world.record(&user).await.is_none());

        let taken = || AUTHMS.iter().filter(|(field, _)| is_taken(field));
        let sent = body(taken().map(|(field, _)| (*field, (*text).to_owned())));
        let expected = body(taken().map(|(field, rule)| (*field, kept(field, *rule, text))));
        let changed = world.send(&put(&sent)).await;
        assert_eq!(
            (changed.status, attributes(&changed.body["data"]["profile"])),
            (200, expected.clone()),
            "{text:?}"
        );
        let profile = world.profile(&user).await;
        let stored =
            profile.attributes.iter().map(|(attribute, value)| (attribute.name().to_owned(), value.clone()));
        assert_eq!(Value::from(stored.collect::<Map<_, _>>()), expected, "{text:?}");
        // Readers show what is stored, and are asked now and then.
        if index.is_multiple_of(8) {
            all_show(&world, &user, &changed.body["data"]["profile"]).await;
        }
    }
}

/// What AuthMS says that it made of a profile is what it shows, and the other contracts show it as well, each under its own
/// name.
async fn all_show(world: &World, user: &str, profile: &Value) {
    let authms = world.send(&Request::get_profile(user).bearer(&world.token(user))).await;
    assert_eq!(authms.body["data"]["profile"], *profile);
    let ciam = world.send(&Request::get_userinfo().bearer(&world.token(user))).await;
    for (claim, member) in [("nickname", "nickname"), ("zoneinfo", "timezone"), ("locale", "language")] {
        assert_eq!(ciam.body[claim], profile[member], "{claim}");
    }
    let cloudbase = world.send(&Request::get_user_me().bearer(&world.token(user))).await;
    for (name, member) in [("name", "nickname"), ("picture", "avatar_url"), ("description", "bio")] {
        assert_eq!(cloudbase.body[name], profile[member], "{name}");
    }
}

#[tokio::test]
async fn ciam_keeps_or_refuses_every_string() {
    Canaries::of_this_test().words_up_to(20);
    let world = World::new().await;
    world.create("1").await;
    let token = world.token("1");
    let patch = |body: &Value| Request::patch_userinfo().bearer(&token).json(body);
    for (index, text) in BLNS.iter().enumerate() {
        let [name, nickname] = [128, 64].map(|most| stored(text, most, Lines::One));
        let department = nickname.clone().filter(|text| !text.starts_with(' '));
        let (mut taken, mut kept) = (Map::new(), Map::new());
        for (member, stored) in [("name", name), ("nickname", nickname), ("department", department)] {
            if let Some(stored) = stored {
                taken.insert(member.to_owned(), json!(text));
                kept.insert(member.to_owned(), json!(stored));
            } else {
                let reply = world.send(&patch(&json!({member: text}))).await;
                let illegal = json!({"error": "illegal_parameter_value"});
                assert_eq!((reply.status, reply.body), (400, illegal), "{member} {text:?}");
            }
        }
        if !taken.is_empty() {
            let reply = world.send(&patch(&taken.into())).await;
            assert_eq!(reply.status, 200, "{text:?} {:?}", reply.body);
            let profile = world.profile("1").await;
            for (member, stored) in kept {
                let value = match Attribute::named(&member) {
                    Some(attribute) => &profile.attributes[&attribute],
                    None => &profile.attributes[&Attribute::CustomFields][&member],
                };
                assert_eq!(*value, stored, "{member} {text:?}");
                assert!(member == "department" || reply.body[&member] == stored, "{member} {text:?}");
            }
        }
        // This contract tells one fault: all at once, and each string alone in one of them in turn.
        let contact = |name: &str, value: &str, token: &str, code: &str| {
            let [token_name, code_name] = ["otp_token", "otp"].map(|companion| format!("{name}_{companion}"));
            json!({name: value, token_name: token, code_name: code})
        };
        let phone = contact("phone_number", text, text, text);
        let rest = json!({"zoneinfo": text, "locale": text, "newsletter": text});
        let mut all = phone.clone();
        for other in [contact("email", text, text, text), rest] {
            all.as_object_mut().unwrap().extend(other.as_object().unwrap().clone());
        }
        let (illegal, no_token) = ("illegal_parameter_value", "0".repeat(64));
        let alone = [
            (json!({"zoneinfo": text}), illegal),
            (json!({"locale": text}), illegal),
            (json!({"newsletter": text}), illegal),
            (phone, "malformed_phone_number"),
            (contact("email", text, &no_token, "123456"), "malformed_email"),
            (contact("phone_number", "13800138000", text, "123456"), "bad_phone_number_otp_token"),
            (contact("email", "a@example.com", &no_token, text), "bad_email_otp_token"),
        ];
        for (body, error) in [&(all, "malformed_phone_number"), &alone[index % alone.len()]] {
            let reply = world.send(&patch(body)).await;
            if reply.status == 200 {
                assert_eq!(reply.body["locale"], text.to_lowercase(), "{body}");
            } else {
                let error = if text.is_empty() { illegal } else { *error };
                assert_eq!((reply.status, reply.body), (400, json!({"error": error})), "{body}");
            }
        }
    }
}

/// Each string at one place in turn where a code is asked for or tried, and at those that cost nothing always.
#[tokio::test]
async fn codes_go_nowhere_that_the_list_names() {
    Canaries::of_this_test().words_up_to(20);
    let world = World::new().await;
    let (client, token) = (world.client().await, world.token("1"));
    let send_otp = |body: Value| Request::send_otp().basic(&client).json(&body);
    let verification = |body: Value| Request::send_verification().bearer(&token).json(&body);
    let verify = |body: Value| Request::verify_code().bearer(&token).json(&body);
    let usage = "update_userinfo";
    for (index, text) in BLNS.iter().enumerate() {
        let tried = if text.is_empty() { "invalid_argument" } else { "invalid_verification_code" };
        let free = [
            (verification(json!({"phone_number": text})), "invalid_argument"),
            (verification(json!({"email": text})), "invalid_argument"),
            (verification(json!({"email": "a@example.com", "target": text})), "invalid_argument"),
        ];
        let in_turn = [
            (send_otp(json!({"usage": text, "phone_number": "13800138000"})), "invalid_request"),
            (send_otp(json!({"usage": usage, "phone_number": text})), "malformed_phone_number"),
            (send_otp(json!({"usage": usage, "email": text})), "malformed_email"),
            (verify(json!({"verification_id": text, "verification_code": text})), tried),
            (verify(json!({"verification_id": "0".repeat(64), "verification_code": text})), tried),
        ];
        for (request, error) in free.iter().chain([&in_turn[index % in_turn.len()]]) {
            let reply = world.send(request).await;
            assert_eq!((reply.status, &reply.body["error"]), (400, &json!(error)), "{request:?}");
        }
    }
}

#[tokio::test]
async fn wts_keeps_or_refuses_every_string() {
    const CANNOT: &str = "cannot bind your request body: fields must be strings without control characters";
    Canaries::of_this_test().words_up_to(20);
    let world = World::new().await;
    world.create("owner").await;
    let (user, admin) = (world.wts_token("owner", "user"), world.wts_token("2", "admin"));
    let change = |token: &str, body: &Value| Request::change_profile().bearer(token).json(body);
    let good = json!({"who": "owner", "block": "ZH", "room": "1", "phone": "13800138000", "isp": "mobile", "account": "1"});
    let with = |texts: &[(&str, &str)]| {
        let mut body = good.clone();
        for (member, text) in texts {
            body[*member] = json!(text);
        }
        body
    };
    for text in BLNS {
        let everywhere = with(&["block", "room", "phone", "isp", "account"].map(|member| (member, *text)));
        let reply = world.send(&change(&user, &everywhere)).await;
        let [room, account] = [15, 32].map(|most| stored(text, most, Lines::One));
        let is_plain = text.is_empty() || stored(text, usize::MAX, Lines::One).is_some();
        let failing = |field: &str, tag: &str| {
            let tag = if text.is_empty() { "required" } else { tag };
            format!(
                "Key: 'ChangeUserProfileRequest.{field}' Error:Field validation for '{field}' failed on the '{tag}' tag"
            )
        };
        let is_block =
            text.parse().is_ok_and(|number: u8| (1..=22).contains(&number) && number.to_string() == *text);
        let mut lines = Vec::new();
        lines.extend((!is_block).then(|| failing("Block", "isWtsBlock")));
        lines.extend(room.is_none().then(|| failing("Room", "max")));
        lines.extend([failing("Phone", "isValidPhone"), failing("ISP", "isValidISP")]);
        lines.extend(account.is_none().then(|| failing("Account", "max")));
        let invalid = format!("invalid request body: {}", lines.join("\n"));
        let msg = if is_plain { invalid } else { CANNOT.to_owned() };
        let refused = json!({"success": false, "msg": msg, "errType": 2});
        assert_eq!(reply, Reply::json(400, refused), "{text:?}");

        let mut taken: Vec<(&str, &str)> = Vec::new();
        taken.extend(room.as_ref().map(|_| ("room", *text)));
        taken.extend(account.as_ref().map(|_| ("account", *text)));
        if !taken.is_empty() {
            assert_eq!(world.send(&change(&user, &with(&taken))).await.status, 200, "{text:?}");
            let view = world.send(&Request::view_profile().bearer(&user)).await;
            let shown = |member: &str| view.body["profile"][member].as_str().map(str::to_owned);
            assert_eq!(shown("account"), account, "{text:?}");
            assert!(room.is_none() || shown("room") == room, "{text:?}");
        }
        // Nobody has such an id but by chance.
        let who = with(&[("who", text)]);
        let [own, foreign] =
            [world.send(&change(&user, &who)).await, world.send(&change(&admin, &who)).await];
        let (status, message) = if text.is_empty() { (400, None) } else { (403, Some("only admins can")) };
        assert_eq!(own.status, status, "{text:?}");
        assert!(message.is_none_or(|start| own.body["msg"].as_str().unwrap().starts_with(start)), "{text:?}");
        let nobody = if text.is_empty() { &own.body["msg"] } else { &json!("no such user") };
        assert_eq!((foreign.status, &foreign.body["msg"]), (400, nobody), "{text:?}");
        if !text.is_empty() {
            let view = world.send(&Request::view_profile().query("who", text).bearer(&admin)).await;
            assert_eq!((view.status, &view.body["msg"]), (400, &json!("no such user")), "{text:?}");
        }
    }
}

#[tokio::test]
async fn cloudbase_keeps_or_refuses_every_string() {
    const MEMBERS: [&str; 7] =
        ["nickname", "username", "phone", "description", "avatar_url", "gender", "email"];
    Canaries::of_this_test().words_up_to(20);
    let world = World::new().await;
    let token = world.token("owner");
    let edit = |body: &Value| Request::edit_user_basic().bearer(&token).json(body);
    world.create("owner").await;
    for (index, text) in BLNS.iter().enumerate() {
        let sent = |members: &[&str]| -> Value {
            members.iter().map(|member| ((*member).to_owned(), json!(text))).collect::<Map<_, _>>().into()
        };
        let refused = world.send(&edit(&sent(&MEMBERS))).await;
        assert_eq!((refused.status, &refused.body["error"]), (400, &json!("invalid_argument")), "{text:?}");
        let faulty = refused.body["error_description"].as_str().unwrap().strip_prefix("Invalid ").unwrap();
        let faulty: Vec<&str> = faulty.split(", ").collect();
        let taken: Vec<&str> = MEMBERS.into_iter().filter(|member| !faulty.contains(member)).collect();
        let nickname = stored(text, 48, Lines::One).filter(|name| name.chars().count() > 1);
        let description = custom(text).filter(|text| text.chars().count() <= 1_000);
        assert_eq!(taken.contains(&"nickname"), nickname.is_some(), "{text:?}");
        assert_eq!(taken.contains(&"description"), description.is_some(), "{text:?}");

        let reply = world.send(&edit(&sent(&taken))).await;
        assert_eq!(reply, Reply::json(200, json!({})), "{text:?}");
        let me = world.send(&Request::get_user_me().bearer(&token)).await.body;
        for (member, shown, form) in [
            ("nickname", "name", nickname),
            ("username", "username", stored(text, 48, Lines::One)),
            ("description", "description", description.filter(|text| !text.is_empty())),
            ("avatar_url", "picture", Some((*text).to_owned()).filter(|text| !text.is_empty())),
        ] {
            if taken.contains(&member) {
                assert_eq!(me.get(shown).and_then(Value::as_str), form.as_deref(), "{member} {text:?}");
            }
        }
        let odd = match index % 3 {
            0 => edit(&json!({"phone": "+86 13800138000", "verification_token": text})),
            1 => edit(&json!({"user_id": text, "nickname": "Al"})),
            // Not used, not kept, not shown.
            _ => edit(&json!({})).query("client_id", text).header("x-device-id", text),
        };
        let error = match index % 3 {
            0 => Some("invalid_verification_code").filter(|_| !text.is_empty()),
            1 => Some(if text.is_empty() { "invalid_argument" } else { "permission_denied" }),
            _ => Some("invalid_argument").filter(|_| text.chars().count() > 128),
        };
        let reply = world.send(&odd).await;
        assert_eq!(reply.body.get("error").and_then(Value::as_str), error, "{text:?}");
    }
}

#[tokio::test]
async fn system_user_keeps_or_refuses_every_string() {
    Canaries::of_this_test().words_up_to(20);
    let world = World::new().await;
    world.create("1").await;
    let key = world.api_key(Role::Admin).await;
    let update = |body: &Value| Request::update_user("1").bearer(&key).json(body);
    let names = [
        ("userName", Attribute::Username, "Invalid parameter."),
        ("nickName", Attribute::Nickname, "Invalid parameter."),
    ];
    let others = [
        ("avatar", Attribute::AvatarUrl, "Invalid parameter."),
        ("email", Attribute::Email, "Invalid email format."),
        ("phone", Attribute::Phone, "Invalid phone format."),
        ("role", Attribute::Role, "Invalid role."),
    ];
    for (index, text) in BLNS.iter().enumerate() {
        let blank = text.trim().is_empty();
        // This contract tells one fault: names alone, the others all at once and each string alone in one of them in turn.
        for (member, attribute, refusal) in names.into_iter().chain([others[index % others.len()]]) {
            let reply = world.send(&update(&json!({member: text}))).await.body;
            let message = reply["message"].as_str().unwrap();
            let all_digits = member.ends_with("Name") && message.ends_with("all digits.");
            if blank {
                assert!(message.ends_with("cannot be null at the same time"), "{member} {text:?} {message}");
            } else if reply["code"] == "0000" {
                let kept = stored(text, 2_048, Lines::One);
                assert_eq!(world.profile("1").await.text(attribute), kept.as_deref(), "{member} {text:?}");
            } else {
                assert!(message == refusal || all_digits, "{member} {text:?} {message}");
            }
            if member == "nickName" && !blank && !all_digits {
                assert_eq!(reply["code"] == "0000", stored(text, 64, Lines::One).is_some(), "{text:?}");
            }
        }
        if blank {
            continue;
        }
        // A good password is hashed, which takes its time; beside a fault it is not.
        let all = json!({"avatar": text, "email": text, "phone": text, "role": text, "password": text});
        assert_eq!(world.send(&update(&all)).await.body["message"], "Invalid email format.", "{text:?}");
        let is_plain = stored(text, 128, Lines::One).is_some_and(|text| text.chars().count() >= 8);
        let is_good = Password::parse(text).is_ok();
        assert!(is_plain || !is_good, "{text:?}");
        if !is_good {
            let reply = world.send(&update(&json!({"password": text}))).await.body;
            assert_eq!(reply["message"], "Invalid password.", "{text:?}");
        }
    }
    let password = BLNS.iter().find(|text| Password::parse(text).is_ok()).unwrap();
    assert_eq!(world.send(&update(&json!({"password": password}))).await.body["code"], "0000");
    let items = world.items().await;
    let hash = items.iter().find_map(|item| item.get("password_hash")).unwrap().as_s().unwrap();
    assert!(PasswordHash::parse(hash).unwrap().verify(password));
}
