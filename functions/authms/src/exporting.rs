//! `GET /profiles/{user_id}/export`.

use crate::{AuthMs, request};
use shared::config::Settings;
use shared::export::{ExportError, export};
use shared::ground::Ground;
use shared::http::{Answer, Call, Endpoint, Principal, Served};
use shared::store::ProfileStore;
use shared::update::UpdateError;

/// `GET /profiles/{user_id}/export`: everything that is stored about a user.
pub struct ExportProfile;

impl Endpoint for ExportProfile {
    type Contract = AuthMs;
    type Caller = Principal;
    const NAME: &'static str = "export-profile";

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
        let document = export(store, &target, call.now).await.map_err(|error| match error {
            ExportError::NoSuchUser => UpdateError::NoSuchUser,
            ExportError::Erased => UpdateError::Erased,
            ExportError::Store(error) => error.into(),
        })?;
        // A document to keep, and so not in the envelope of answers.
        let answer = Answer::json(200, &document)
            .with("content-disposition", r#"attachment; filename="profile-export.json""#);
        Ok(Served { answer, outcome: "exported" })
    }
}
