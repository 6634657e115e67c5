//! Links that do more than lead somewhere.

use super::faulty;
use serde_json::{Map, Value, json};
use shared::auth::Role;
use tests::{Canaries, Request, World};
use url::Url;

/// Refused wherever a link may stand.
fn hostile() -> Vec<String> {
    let listed = [
        "javascript:alert(1)",
        "JaVaScRiPt:alert(1)",
        "javascript://example.com/%0aalert(1)",
        "java\tscript:alert(1)",
        "\u{1}javascript:alert(1)",
        "data:text/html,<script>alert(1)</script>",
        "data:text/html;base64,PHNjcmlwdD4=",
        "vbscript:msgbox(1)",
        "file:///etc/passwd",
        "blob:https://example.com/1",
        "view-source:https://example.com",
        "https:javascript:alert(1)",
        "//example.com/a.png",
        "\\\\example.com\\a.png",
        "https:\\\\example.com\\a.png",
        "https:/\\example.com",
        "https://example.com\\@evil.example",
        "https://user@example.com/",
        "https://user:password@example.com/",
        "https://example.com@evil.example/",
        "https://example.com%40evil.example/",
        "https://example.com\u{ff20}evil.example/",
        "https://:@example.com/",
        "https://",
        "https:///a.png",
        "https://?a",
        "https://#a",
        "https://exam ple.com/",
        "https://example.com/a b",
        " https://example.com/",
        "https://example.com/ ",
        "https://example.com/\n",
        "https://example.com/\r\nSet-Cookie: a=b",
        "https://exa\tmple.com/",
        "https://example.com/\0",
        "https://example.com/\u{7f}",
        "https://example.com/\u{85}",
        "https://example.com/\u{a0}",
        "https://example.com/\u{2028}",
        "https://example.com/\u{3000}",
        "https://example.com/\u{feff}",
        "https://example.com/\u{202e}gpj.exe",
        "https://example.com/\u{61c}gpj.exe",
        "https://example.com/\u{2066}a\u{2069}",
        "https://example.com/\u{e000}",
        "https://example.com/\u{fdd0}",
        "https://example.com/\u{1ffff}",
        "https://example.com/\"onload=\"alert(1)",
        "https://example.com/<script>",
        "https://example.com/`a`",
        "https://example.com/{a}|b^c",
        "https://example.com/%",
        "https://example.com/%zz",
        "https://example.com/%2",
        "https://example.com/[a]",
        "https://example.com/#a#b",
        "https://example.com:99999/",
        "https://example.com:a/",
        "https://[::1/",
        "https://[::1]evil.example/",
        "https://[1:2:3]/",
        "https://[fe80::1%25eth0]/",
        "https://256.256.256.256/",
        "https://1.2.3.4.5/",
        "https://exa\u{ff0f}mple.com/",
        "https://exa%2fmple.com/",
        "https://exa%00mple.com/",
        "https://xn--a/",
    ];
    let long = format!("https://example.com/{}", "a".repeat(2_048));
    listed.into_iter().map(str::to_owned).chain([long]).collect()
}

/// Odd, and addresses all the same: kept letter for letter.
const TAKEN: [&str; 12] = [
    "https://[::1]/a.png",
    "https://[2001:db8::7]:8443/",
    "https://127.0.0.1/",
    "https://例え.jp/絵.png",
    "https://xn--r8jz45g.jp/",
    "HTTPS://EXAMPLE.com/A",
    "https://example.com:8443/a?b=c&d=@e#f",
    "https://example.com/%0d%0aSet-Cookie:%20a=b",
    "https://example.com/..//../a",
    "https://example.com/javascript:alert(1)",
    "https://example.com/?next=javascript:alert(1)//",
    "https://example.com/e\u{301}",
];

fn links(world: &World, link: &str) -> [(&'static str, Request); 3] {
    let token = world.token("1");
    let body = json!({"avatar_url": link, "website": link, "social_links": {"link": link}});
    let edit = Request::edit_user_basic().bearer(&token).json(&json!({"avatar_url": link}));
    [
        ("put", Request::put_profile("1").bearer(&token).json(&body)),
        ("edit", edit),
        ("update", Request::update_user("1").json(&json!({"avatar": link}))),
    ]
}

#[tokio::test]
async fn a_link_that_does_more_is_refused_by_each_contract() {
    Canaries::of_this_test().words_up_to(8);
    let world = World::new().await;
    world.create("1").await;
    let key = world.api_key(Role::Admin).await;
    let before = world.items().await;
    for link in hostile() {
        for (contract, request) in links(&world, &link) {
            let reply = match contract {
                "update" => world.send(&request.bearer(&key)).await,
                _ => world.send(&request).await,
            };
            match contract {
                "put" => {
                    assert_eq!(faulty(&reply), ["avatar_url", "website", "social_links.link"], "{link:?}")
                }
                "edit" => assert_eq!(reply.body["error_description"], "Invalid avatar_url", "{link:?}"),
                _ => assert_eq!(reply.body["message"], "Invalid parameter.", "{link:?}"),
            }
        }
    }
    assert_eq!(world.items().await, before);
}

#[tokio::test]
async fn a_link_that_is_taken_is_shown_letter_for_letter() {
    let world = World::new().await;
    world.create("1").await;
    let key = world.api_key(Role::Admin).await;
    for link in TAKEN {
        for (contract, request) in links(&world, link) {
            // Each contract has to write it anew.
            let cleared = json!({"avatar_url": null, "website": null, "social_links": null});
            let clear = Request::put_profile("1").bearer(&world.token("1")).json(&cleared);
            assert_eq!(world.send(&clear).await.status, 200);
            let reply = match contract {
                "update" => world.send(&request.bearer(&key)).await,
                _ => world.send(&request).await,
            };
            assert_eq!(reply.status, 200, "{contract} {link:?} {:?}", reply.body);
            let shown = world.send(&Request::get_profile("1").bearer(&world.token("1"))).await;
            assert_eq!(shown.body["data"]["profile"]["avatar_url"], link, "{contract}");
            let me = world.send(&Request::get_user_me().bearer(&world.token("1"))).await;
            assert_eq!(me.body["picture"], link, "{contract}");
            if contract == "put" {
                assert_eq!(shown.body["data"]["profile"]["website"], link);
                assert_eq!(shown.body["data"]["profile"]["social_links"]["link"], link);
            }
        }
    }
}

/// Each character of ASCII, and some beyond, in each part of an address: what is taken is an address to others as well, and
/// leads where it seems to.
#[tokio::test]
async fn what_is_taken_anywhere_in_an_address_is_one() {
    let world = World::new().await;
    let token = world.token("1");
    let ascii = (0..=0x7f).map(char::from);
    let beyond = "\u{80}\u{ad}\u{130}\u{200b}\u{200d}\u{2044}\u{2215}\u{2f35}\u{3002}\u{d7ff}\u{e001}\u{fe0f}\u{ff05}\
                  \u{ff1a}\u{ff61}\u{fffd}\u{ffff}\u{10000}\u{1f600}\u{e0020}\u{e0101}\u{f0000}\u{10ffff}";
    let iri = json!({"type": "string", "format": "iri"});
    let iri = jsonschema::options().should_validate_formats(true).build(&iri).unwrap();
    let mut taken = 0;
    for character in ascii.chain(beyond.chars()) {
        let addresses =
            ["exa.mple/", "example.com:80/", "example.com/a/b", "example.com/?a/b", "example.com/#a/b"]
                .map(|address| {
                    format!("https://{}", address.replacen("a/b", "a//b", 1).replacen("a.m", "a//m", 1))
                })
                .map(|address| match address.rfind("//").filter(|at| *at > 7) {
                    Some(at) => format!("{}{character}{}", &address[..at], &address[at + 2..]),
                    None => address.replace(":80/", &format!(":80{character}/")),
                });
        let named = addresses.iter().enumerate().map(|(part, address)| (part.to_string(), json!(address)));
        let links: Map<String, Value> = named.collect();
        let put = |links: &Map<String, Value>| {
            Request::put_profile("1").bearer(&token).json(&json!({ "social_links": links }))
        };
        let refused = faulty(&world.send(&put(&links)).await);
        let good: Map<String, Value> = links
            .into_iter()
            .filter(|(part, _)| !refused.contains(&format!("social_links.{part}")))
            .collect();
        assert_eq!(world.send(&put(&good)).await.status, 200, "{character:?}");
        for (part, address) in good {
            assert!(iri.is_valid(&address), "{address}");
            let url = Url::parse(address.as_str().unwrap()).unwrap();
            assert_eq!((url.scheme(), url.username(), url.password()), ("https", "", None), "{part} {url}");
            assert!(part == "0" || part == "1" || url.host_str() == Some("example.com"), "{url}");
            taken += 1;
        }
    }
    assert!(taken > 200, "{taken}");
}
