//! A database on a bad day: each endpoint, each call that it makes, each fault, once and without an end.
//!
//! The calls are those of a run on a good day, so that a new one is in the table by itself.

mod patience;
mod scene;
mod shape;
mod triggers;
mod verdict;

use local::template::Template;
use scene::{ALL, Act, BadDay, Scene};
use serde_json::{Value, json};
use shape::{Shape, shape};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tests::{Follower, World, alone};
use tokio::sync::Semaphore;
use verdict::{ROWS, Row, refusal, word};

/// Worlds at a time.
static GATE: Semaphore = Semaphore::const_new(4);

/// How long an attempt of a call is given where nothing is silent: so long that a busy machine is no fault.
const PATIENCE: Duration = Duration::from_secs(8);

/// A fault, and whether it is without an end.
type Cell = (Row, bool);

/// Cells whose worlds have the functions' own time-outs, and those whose worlds are patient.
fn by_patience(cells: Vec<Cell>) -> [(Option<Duration>, Vec<Cell>); 2] {
    let (silent, others) = cells.into_iter().partition(|(row, _)| row.fault.is_silent());
    [(None, silent), (Some(PATIENCE), others)]
}

/// Which of the table's cells are played: each so many-th, from this one on.
#[derive(Clone, Copy)]
pub struct Share {
    pub each: usize,
    pub from: usize,
}

/// What was played.
#[derive(Clone, Copy, Default)]
pub struct Count {
    pub cells: usize,
    pub faults: usize,
}

impl Count {
    fn plus(self, other: Self) -> Self {
        Self { cells: self.cells + other.cells, faults: self.faults + other.faults }
    }
}

/// What a request came to on a good day.
struct GoodDay {
    calls: Vec<String>,
    word: (u16, Value),
    /// What was stored then.
    after: Shape,
}

impl GoodDay {
    async fn of(scene: Scene, user: &str) -> Self {
        let _turn = GATE.acquire().await.unwrap();
        let day = BadDay::dawn(Some(PATIENCE)).await;
        let request = scene.set(&day, user).await;
        day.world.wire.calls();
        let reply = day.world.send(&request).await;
        let calls = day.world.wire.calls();
        Self { calls, word: word(&reply), after: shape(&day.world, user).await }
    }
}

/// The call of an operation that is spoilt, counted from 0.
#[derive(Clone, Debug)]
struct Target {
    operation: String,
    number: usize,
}

fn targets(calls: &[String]) -> Vec<Target> {
    let before = |index: usize| calls[..index].iter().filter(|call| **call == calls[index]).count();
    let target = |index: usize| Target { operation: calls[index].clone(), number: before(index) };
    (0..calls.len()).map(target).collect()
}

async fn version(world: &World, user: &str) -> u64 {
    world.record(user).await.map_or(0, |record| record.version)
}

/// One request while one call goes wrong, and the same request again on a better day.
async fn play(
    day: &BadDay,
    scene: Scene,
    good: &GoodDay,
    (target, row, forever): (&Target, Row, bool),
    user: &str,
) {
    let case = format!("{scene:?}, {target:?}, {row:?}, forever: {forever}, user {user}");
    let world = &day.world;
    let request = scene.set(day, user).await;
    let (before, start) = (shape(world, user).await, version(world, user).await);
    day.mailbox.letters();
    day.mailbox.attempts();
    world.wire.calls();
    let times = if forever { usize::MAX } else { 1 };
    world.wire.spoil_after(&target.operation, target.number, times, row.fault);
    let reply = world.send(&request).await;
    let attempts =
        world.wire.calls().iter().filter(|call| **call == target.operation).count() - target.number;
    world.wire.heal().await;

    let done = word(&reply) == good.word;
    let (after, now) = (shape(world, user).await, version(world, user).await);
    let refused = refusal(scene.face, row.verdict);
    if !done {
        assert_eq!(Some(word(&reply)), refused, "{case}");
    }
    let one_is_too_much = refused.is_some() && !row.is_made_up_for();
    assert!(done || forever || one_is_too_much, "{case}: nobody tried again");
    // Whole, or not at all; and what is not in is not said to be, nor the other way round.
    match now - start {
        0 => assert_eq!(after, before, "{case}"),
        1 => assert_eq!(after, good.after, "{case}"),
        more => panic!("{case}: {more} versions"),
    }
    if scene.writes() {
        let lost = row.fault.takes_effect();
        assert!(
            done == (now > start) || (lost && !done),
            "{case}: answered {:?}, version {now}",
            word(&reply)
        );
    }
    if forever && !done {
        // An export makes its calls at once.
        let same = || good.calls.iter().filter(|call| **call == target.operation).count() - target.number;
        let at_once = if scene.act == Act::Export { same() } else { 1 };
        let expected = row.attempts..=row.attempts * at_once;
        assert!(expected.contains(&attempts), "{case}: {attempts} attempts");
    }
    assert!(day.mailbox.attempts() <= u32::from(scene.sends()), "{case}");

    // The caller sends it again.
    let again = word(&world.send(&request).await);
    let in_vain = row.fault.takes_effect() && !scene.keyed;
    assert!(in_vain || again == good.word || done, "{case}: again {again:?}");
    let end = version(world, user).await;
    if scene.keyed {
        assert_eq!((end - start, again), (1, good.word.clone()), "{case}");
        assert_eq!(shape(world, user).await, good.after, "{case}");
    }
    assert!(end - now <= u64::from(scene.writes()), "{case}");
}

/// All cells of one call of one scene, in a world of their own: the SDK gives each region a quota of retries.
async fn rows(scene: Scene, good: &GoodDay, target: &Target, cells: Vec<(Row, bool)>) -> Count {
    let mut count = Count::default();
    for (attempt, cells) in by_patience(cells).into_iter().filter(|(_, cells)| !cells.is_empty()) {
        let _turn = GATE.acquire().await.unwrap();
        count = count.plus(rows_within(attempt, scene, good, target, cells).await);
    }
    count
}

async fn rows_within(
    attempt: Option<Duration>,
    scene: Scene,
    good: &GoodDay,
    target: &Target,
    cells: Vec<(Row, bool)>,
) -> Count {
    let day = BadDay::dawn(attempt).await;
    let mut follower = Follower::of(&day.world).await;
    for (index, (row, forever)) in cells.iter().enumerate() {
        let user = (FIRST_USER + index).to_string();
        let row = &row.of(scene.act, &target.operation);
        play(&day, scene, good, (target, *row, *forever), &user).await;
    }
    assert!(follower.follow(&day.world).await);
    sound(&day.world, &follower, &format!("{scene:?}, {target:?}")).await;
    Count { cells: cells.len(), faults: day.world.wire.injected() }
}

/// Users' numbers have as many digits as any other's, and no other number looks like one.
const FIRST_USER: usize = 770_001;

/// A day later nothing is wrong with the table, and each version of each profile has had its event, once.
pub async fn sound(world: &World, follower: &Follower, case: &str) {
    let tomorrow = shared::clock::Clock::now(&*world.clock).plus_seconds(86_400);
    let findings = world.store.check(&world.items().await, tomorrow).await.unwrap();
    assert!(findings.is_empty(), "{case}: {findings:?}");
    let mut told: BTreeMap<String, Vec<u64>> = BTreeMap::new();
    for entry in follower.bus.calls().iter().flatten() {
        let detail = tests::bus::detail(entry);
        let user = detail["user_id"].as_str().unwrap().to_owned();
        told.entry(user).or_default().push(detail["version"].as_u64().unwrap());
    }
    for (user, versions) in told {
        let all: Vec<u64> = (1..=version(world, &user).await).collect();
        assert_eq!(versions, all, "{case}: events of {user}");
    }
}

/// Both forms of each row that can happen to this call, of those that are in the share.
fn cells(operation: &str, share: Share, cell: &AtomicUsize) -> Vec<Cell> {
    let rows = ROWS.iter().filter(|row| row.can_happen_to(operation));
    let both = rows.flat_map(|row| [(*row, false), (*row, true)]);
    both.filter(|_| cell.fetch_add(1, Ordering::Relaxed) % share.each == share.from).collect()
}

/// All cells of a scene.
async fn scene(scene: Scene, share: Share) -> Count {
    let good = GoodDay::of(scene, &FIRST_USER.to_string()).await;
    // Each scene begins its count elsewhere.
    let cell = AtomicUsize::new(ALL.iter().position(|other| other.act == scene.act).unwrap());
    let mut count = Count::default();
    for target in targets(&good.calls) {
        let cells = cells(&target.operation, share, &cell);
        count = count.plus(rows(scene, &good, &target, cells).await);
    }
    count
}

/// What is done with each of these, all at once.
fn played<T: Copy + Send, F: Future<Output = Count>>(
    all: &[T],
    play: impl Fn(T) -> F + Copy + Send,
) -> Count {
    std::thread::scope(|threads| {
        let playing: Vec<_> =
            all.iter().map(|&each| threads.spawn(move || alone(move || play(each)))).collect();
        playing.into_iter().map(|each| each.join().unwrap()).fold(Count::default(), Count::plus)
    })
}

fn table(share: Share) -> Count {
    played(ALL, |each| scene(each, share))
}

#[tokio::test]
async fn each_endpoint_has_its_scenes() {
    let template = Template::read(&Template::default_path(), &BTreeMap::new()).unwrap();
    let routes = template.functions.iter().flat_map(|function| &function.routes);
    let routes: BTreeSet<String> = routes.map(ToString::to_string).collect();
    let day = BadDay::dawn(Some(PATIENCE)).await;
    let mut played = BTreeSet::new();
    for (number, scene) in ALL.iter().enumerate().filter(|(_, scene)| scene.act != Act::UpdatePassword) {
        played.insert(scene.set(&day, &(FIRST_USER + number).to_string()).await.route().to_owned());
    }
    assert_eq!(played, routes);
}

#[test]
fn a_share_of_the_table_holds() {
    let count = table(Share { each: 96, from: 3 });
    assert!(count.faults > 20, "{} faults in {} cells", count.faults, count.cells);
}

#[test]
#[ignore = "takes minutes: .ci/full faults"]
fn the_whole_table_holds() {
    let whole = Share { each: 1, from: 0 };
    let (count, triggers, patience) = (table(whole), triggers::table(whole), alone(patience::contracts));
    let faults = count.faults + triggers.faults + patience.faults;
    println!(
        "{}",
        json!({
            "endpoint_cells": count.cells, "trigger_cells": triggers.cells, "silent_requests": patience.cells,
            "faults_injected": faults,
        })
    );
}
