use super::*;
use crate::events::Values;
use crate::profile::Profile;
use crate::store::{ActorKind, ChangedBy, Image, Record};
use crate::validation::UserId;
use std::sync::{Arc, Mutex};

/// What an effect under test does.
#[derive(Clone, Copy)]
enum Habit {
    Works,
    Fails(&'static [usize]),
    Panics,
    Hangs,
}

struct Scripted {
    name: &'static str,
    habit: Habit,
    indispensable: bool,
    applied: Arc<Mutex<Vec<&'static str>>>,
}

impl Effect for Scripted {
    fn name(&self) -> &'static str {
        self.name
    }

    fn is_indispensable(&self) -> bool {
        self.indispensable
    }

    fn apply<'a>(&'a self, _: &'a [Change]) -> BoxFuture<'a, BTreeSet<usize>> {
        match self.habit {
            Habit::Panics => panic!("an effect's own defect"),
            Habit::Hangs => std::future::pending().boxed(),
            Habit::Works => {
                self.applied.lock().unwrap().push(self.name);
                async { BTreeSet::new() }.boxed()
            }
            Habit::Fails(positions) => async { positions.iter().copied().collect() }.boxed(),
        }
    }
}

fn changes(written: &[i64]) -> Vec<Change> {
    let user_id = UserId::parse("ada").unwrap();
    let image = |version: usize, seconds: i64| {
        let time = Timestamp::from_millis(seconds * 1000);
        let profile = Profile {
            user_id: user_id.clone(),
            version: version as u64,
            created_at: time,
            updated_at: time,
            phone_verified: false,
            email_verified: false,
            attributes: std::collections::BTreeMap::new(),
        };
        let changed_by = ChangedBy { contract: "ciam".into(), actor: ActorKind::Subject, origin: None };
        let change_id = format!("change-{version}");
        let version = version as u64;
        let (previous_change_id, profile, unknown) = (None, Some(profile), Vec::new());
        let record =
            Record { change_id, previous_change_id, changed_by, version, profile, schema: 1, unknown };
        Image { user_id: user_id.clone(), time, record }
    };
    let images = written.iter().enumerate().map(|(index, seconds)| image(index + 1, *seconds));
    images.filter_map(|image| Change::between(None, &image, &Values::default())).collect()
}

/// Effects of these names and habits, `publish` being the indispensable one, over changes of these ages.
async fn run(habits: &[(&'static str, Habit)], ages: &[i64]) -> (Applied, Vec<&'static str>) {
    let now = Timestamp::from_millis(1_775_217_600_000);
    let written: Vec<i64> = ages.iter().map(|age| now.seconds() - age).collect();
    let applied = Arc::<Mutex<Vec<&'static str>>>::default();
    let effects: Vec<Box<dyn Effect>> = habits
        .iter()
        .map(|&(name, habit)| {
            let (indispensable, applied) = (name == "publish", Arc::clone(&applied));
            Box::new(Scripted { name, habit, indispensable, applied }) as Box<dyn Effect>
        })
        .collect();
    let outcome = apply_within(Duration::ZERO, &effects, &changes(&written), now).await;
    let applied = applied.lock().unwrap().clone();
    (outcome, applied)
}

fn outcome(unfinished: &[usize], given_up: &[(&'static str, usize)]) -> Applied {
    Applied { unfinished: unfinished.iter().copied().collect(), given_up: given_up.to_vec() }
}

#[tokio::test]
async fn one_effect_keeps_no_other_from_being_done() {
    for habit in [Habit::Fails(&[0, 1]), Habit::Panics] {
        let habits = [("history", habit), ("publish", Habit::Works), ("notice", Habit::Works)];
        let done = vec!["publish", "notice"];
        assert_eq!(run(&habits, &[0, 0]).await, (outcome(&[0, 1], &[]), done));
    }
}

#[tokio::test]
async fn an_effect_that_hangs_counts_as_failed_in_the_end() {
    let habits = [("history", Habit::Hangs), ("publish", Habit::Works)];
    assert_eq!(run(&habits, &[0, 0]).await, (outcome(&[0, 1], &[]), vec!["publish"]));
}

#[tokio::test]
async fn an_effect_is_given_up_for_old_changes_unless_it_is_publishing() {
    let habits = [("publish", Habit::Fails(&[1])), ("history", Habit::Fails(&[0, 1, 2]))];
    let ages = [GIVE_UP_AFTER_SECONDS + 1, GIVE_UP_AFTER_SECONDS, GIVE_UP_AFTER_SECONDS - 1];
    let (applied, _) = run(&habits, &ages).await;
    assert_eq!(applied, outcome(&[1, 2], &[("history", 0), ("history", 1)]));
}

#[tokio::test]
async fn no_effect_is_asked_about_nothing() {
    assert_eq!(run(&[("history", Habit::Panics)], &[]).await, (outcome(&[], &[]), Vec::new()));
}
