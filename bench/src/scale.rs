//! What an update costs on tables of different sizes: the same on all of them.

use crate::bed::{Bed, Capacity};
use crate::figures::Scale;
use crate::population::Population;
use crate::statistics::{median, percentile, rounded};
use crate::tokens::Algorithm;
use crate::trial::{self, Expected, Load, Trial};
use crate::work::{Work, each};
use local::failure::{Failure, Result};
use serde_json::json;
use shared::clock::{Clock, SystemClock};
use std::time::Duration;

/// Tables that are measured unless others are asked for, by their numbers of profiles.
pub const PROFILES: [u64; 3] = [1_000, 10_000, 100_000];

/// Processes of each row. Rows take turns, so that what else the machine does falls on all of them.
const PROCESSES: u32 = 5;

/// What each process does.
const LOAD: Load = Load { warm_up: 100, measured: 600 };

/// Measures both paths on a table of each of these sizes.
///
/// # Errors
/// When something does not run, or an update takes other calls or capacity units on one table than on another.
pub async fn measure(bed: &Bed, profiles: &[u64]) -> Result<Vec<Scale>> {
    let (mut populations, mut rows) = (Vec::new(), Vec::new());
    for users in profiles {
        let population = Population::new(bed, *users).await?;
        let bytes = population.bytes().await?;
        let row = |work| Row { profiles: *users, table_bytes: bytes, work, trials: Vec::new() };
        rows.extend([row(plain_update(bed, &population)?), row(contact_changed(bed, &population)?)]);
        populations.push(population);
    }
    for _ in 0..PROCESSES {
        for row in &mut rows {
            row.run(bed).await?;
        }
    }
    for population in populations {
        population.stop().await;
    }
    let mut scales: Vec<Scale> = rows.iter().map(Row::scale).collect();
    scales.sort_by_key(|scale| (scale.path != PLAIN, scale.profiles));
    is_flat(&scales)?;
    Ok(scales)
}

const PLAIN: &str = "plain update";
const CONTACT: &str = "contact changed";

/// `PATCH /userinfo` with another nickname: one `UpdateItem`.
fn plain_update(bed: &Bed, population: &Population) -> Result<Work> {
    let issuer = bed.issuer(Algorithm::Hs256)?;
    let spec = population.serve(bed.function("patch-userinfo", Some(&issuer))?);
    let mut event = bed.sample("patch-userinfo", "updated")?;
    let mut turns = population.turns();
    let events = move || {
        let (turn, user) = turns();
        let token = issuer.token(&user.id(), 3600).expect("HMAC signs any claims");
        event["headers"]["authorization"] = format!("Bearer {token}").into();
        event["body"] = json!({"nickname": format!("Cam {turn}")}).to_string().into();
        Ok(event.to_string())
    };
    Ok(Work::new(("patch-userinfo", PLAIN), spec, Expected::Status(200), each(events)).doing(LOAD))
}

/// `POST /api/v3/change_profile` by an administrator, with a phone that was nobody's: the claims change with the profile.
fn contact_changed(bed: &Bed, population: &Population) -> Result<Work> {
    let spec = population.serve(bed.function("change-profile", None)?);
    let mut event = bed.sample("change-profile", "changed")?;
    let token = bed.stack.keys().wts_token("bench", "admin", SystemClock.now(), 24 * 3600)?;
    event["headers"]["authorization"] = format!("Bearer {token}").into();
    let mut turns = population.turns();
    let events = move || {
        let (turn, user) = turns();
        let body = json!({
            "who": user.id(), "block": "XHA", "room": "101", "phone": format!("139{turn:08}"), "isp": "telecom",
            "account": "bench",
        });
        event["body"] = body.to_string().into();
        Ok(event.to_string())
    };
    Ok(Work::new(("change-profile", CONTACT), spec, Expected::Status(200), each(events)).doing(LOAD))
}

/// One path on one table.
struct Row {
    profiles: u64,
    table_bytes: u64,
    work: Work,
    trials: Vec<(Trial, Capacity)>,
}

impl Row {
    async fn run(&mut self, bed: &Bed) -> Result<()> {
        let work = &mut self.work;
        let expected = Some(work.expected);
        let trial = trial::run(&bed.runtime, work.spec.clone(), work.load, expected, &mut work.events);
        self.trials.push((trial.await?, bed.capacity(work.load.invocations()).await?));
        Ok(())
    }

    fn scale(&self) -> Scale {
        let mean = |unit: fn(&Capacity) -> f64| {
            self.trials.iter().map(|(_, capacity)| unit(capacity)).sum::<f64>() / self.trials.len() as f64
        };
        let microseconds = |time: Duration| time.as_secs_f64() * 1e6;
        let cpu = self.trials.iter().map(|(trial, _)| microseconds(trial.warm_cpu));
        let mut warm: Vec<Duration> = self.trials.iter().flat_map(|(trial, _)| trial.warm.clone()).collect();
        warm.sort();
        Scale {
            profiles: self.profiles,
            path: self.work.path.to_owned(),
            calls: rounded(mean(|capacity| capacity.calls)),
            read_units: rounded(mean(|capacity| capacity.read_units)),
            write_units: rounded(mean(|capacity| capacity.write_units)),
            cpu_us: rounded(median(cpu)),
            p50_us: rounded(microseconds(percentile(&warm, 0.5))),
            p99_us: rounded(microseconds(percentile(&warm, 0.99))),
            table_bytes: self.table_bytes,
        }
    }
}

/// What is billed must not depend on how many profiles there are. Times do on a machine that does other things as well:
/// people judge them.
fn is_flat(scales: &[Scale]) -> Result<()> {
    let billed = |scale: &Scale| [scale.calls, scale.read_units, scale.write_units];
    for large in scales {
        // The first of its path, so that small differences do not add up unseen.
        let Some(small) = scales.iter().find(|small| small.path == large.path) else { continue };
        let alike =
            billed(small).iter().zip(billed(large)).all(|(small, large)| (small - large).abs() < 0.01);
        if !alike {
            let Scale { path, profiles, .. } = large;
            let (less, more) = (billed(small), billed(large));
            return Err(Failure::new(format!(
                "{path}: calls, read and write units are {more:?} with {profiles} profiles, {less:?} with {}",
                small.profiles
            )));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scale(path: &'static str, profiles: u64, write_units: f64) -> Scale {
        let path = path.to_owned();
        let (calls, read_units, cpu_us, p50_us, p99_us) = (1.0, 0.0, 200.0, 900.0, 2000.0);
        Scale { profiles, path, calls, read_units, write_units, cpu_us, p50_us, p99_us, table_bytes: 0 }
    }

    #[test]
    fn an_update_that_costs_more_on_a_larger_table_is_found() {
        let flat = [scale(PLAIN, 1_000, 1.0), scale(PLAIN, 10_000, 1.0), scale(CONTACT, 1_000, 7.0)];
        assert_eq!(is_flat(&flat), Ok(()));
        assert!(is_flat(&[scale(PLAIN, 1_000, 1.0), scale(PLAIN, 10_000, 1.1)]).is_err());
    }
}
