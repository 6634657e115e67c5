//! `GET /profiles/{user_id}/history`.

use crate::{AuthMs, request, response};
use futures_util::future::try_join;
use serde::Serialize;
use serde_json::Value;
use shared::config::Settings;
use shared::export::HistoryRow;
use shared::ground::Ground;
use shared::http::{Call, Endpoint, Principal, Served};
use shared::store::{HistoryCursor, ProfileStore};
use shared::update::UpdateError;
use shared::validation::{Bounds, Fault, Form, UserId, Violation};

/// Entries of a page where the caller does not say.
const USUAL: u16 = 20;

/// Entries of a page, at most.
const MOST: u16 = 100;

/// `GET /profiles/{user_id}/history`: who changed which attributes when.
pub struct GetHistory;

/// Which part of the history is asked for.
struct Page {
    limit: u16,
    after: Option<HistoryCursor>,
}

#[derive(Serialize)]
struct History {
    entries: Vec<HistoryRow>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
}

impl Endpoint for GetHistory {
    type Contract = AuthMs;
    type Caller = Principal;
    const NAME: &'static str = "get-history";

    fn configure(_: &mut Settings, _: &Ground) -> Self {
        Self
    }

    async fn serve(
        &self,
        call: &Call,
        store: &ProfileStore,
        caller: Principal,
    ) -> Result<Served, UpdateError> {
        let target = request::target(call, &caller)?;
        caller.authorise(&target)?;
        let Page { limit, after } = page(call, &target)?;
        // At once: the entries of an erased user may outlive the profile for a moment, but are not shown.
        let history = store.history(&target, after.as_ref(), limit, call.now);
        let (stored, found) = try_join(store.read(&target), history).await?;
        stored.ok_or(UpdateError::NoSuchUser)?.profile.ok_or(UpdateError::Erased)?;
        let data = History {
            entries: found.entries.into_iter().map(HistoryRow::from).collect(),
            next_cursor: found.next.map(|cursor| cursor.to_string()),
        };
        let answer = response::success("获取变更历史成功", call.now, data);
        Ok(Served { answer, outcome: "read" })
    }
}

fn page(call: &Call, target: &UserId) -> Result<Page, UpdateError> {
    let sent = |name: &str| call.event.query_string_parameters.get(name).map(String::as_str);
    let mut violations = Vec::new();
    let mut refuse = |name: &str, fault: Fault| {
        violations.push(Violation::new(name, fault, sent(name).map(Value::from)));
    };
    let limit = sent("limit").map_or(Some(USUAL), limit);
    if limit.is_none() {
        refuse("limit", Fault::Range(Bounds::PageSize(MOST)));
    }
    let after = sent("cursor").map(|text| HistoryCursor::parse(target, text));
    if after == Some(None) {
        refuse("cursor", Fault::Format(Form::Cursor));
    }
    match limit {
        Some(limit) if violations.is_empty() => Ok(Page { limit, after: after.flatten() }),
        _ => Err(UpdateError::Invalid(violations)),
    }
}

fn limit(text: &str) -> Option<u16> {
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|limit| digits && (1..=MOST).contains(limit))
}
