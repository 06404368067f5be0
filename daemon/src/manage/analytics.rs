//! `analytics_engine/sql`: what data points are asked, in SQL.

use super::Manage;
use super::call::Call;
use super::envelope::{Answer, AnswerBody, Handled, Refusal, code};
use crate::analytics::sql::{QUERY_MAX, SqlError};
use http::StatusCode;

impl<W: Send + Sync + 'static> Manage<W> {
    pub(super) async fn query_points(&self, call: Call) -> Handled {
        let analytics = self
            .catalog
            .analytics()
            .ok_or_else(|| Refusal::not_yet("Analytics Engine"))?;
        let text = match call.query("query") {
            Some(query) => query.to_owned(),
            None => {
                let bytes = call.body.collect("the query", QUERY_MAX as u64).await?;
                String::from_utf8_lossy(&bytes).into_owned()
            }
        };
        match analytics.query(&text).await {
            Ok(answer) => Ok(Answer {
                status: StatusCode::OK,
                content_type: answer.content_type().to_owned(),
                headers: Vec::new(),
                body: AnswerBody::Whole(answer.text().into()),
            }),
            Err(SqlError::Store(reason)) => Err(Refusal::internal(reason)),
            Err(error) => Err(Refusal::bad(code::BODY, error.to_string())),
        }
    }
}
