//! Every row of the benchmark in turn, one process each, and again: what disturbs the machine disturbs all alike.

use crate::bed::{self, Bed};
use crate::figures::{Capacity, Functions, PLAIN, Peer, Row};
use crate::peer;
use crate::size::{self, Size};
use crate::statistics::{median, percentile, rounded};
use crate::tokens::Algorithm;
use crate::trial::{self, Expected, Trial};
use crate::work::{self, Group, Work};
use local::failure::Result;
use local::runtime::FunctionSpec;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// How much is measured.
#[derive(Clone, Debug)]
pub struct Extent {
    /// Processes of each row, at least 1.
    pub processes: u32,
    /// Most invocations of a process that are measured.
    pub invocations: u32,
    /// Only rows with this in the name of their function or path, beside the floor and the plain update; `None`: all.
    pub only: Option<String>,
}

/// Programs that do less than any function.
#[derive(Clone, Debug)]
pub struct Bare {
    /// Nothing.
    pub floor: PathBuf,
    /// One `UpdateItem` by the SDK, on the same runtime and with the same settings.
    pub one_call: PathBuf,
}

/// One that takes part.
struct Entrant {
    name: String,
    work: Work,
    /// What each answer is like; `None`: anything.
    expected: Option<Expected>,
    binary_bytes: Option<u64>,
    zip_bytes: Option<u64>,
    /// Whether it is one of ours, which tell in their log lines what their calls cost.
    tells_capacity: bool,
    trials: Vec<(Trial, Option<bed::Capacity>)>,
}

/// Measures the floor, every function and path, and the peers.
///
/// # Errors
/// When one of ours does not start or does not answer as expected.
pub async fn hold(bed: &Bed, bare: Bare, extent: &Extent) -> Result<Functions> {
    let issuer = bed.issuer(Algorithm::Hs256)?;
    let size = size::of(&bare.floor)?;
    let spec = FunctionSpec {
        name: "floor".to_owned(),
        binary: bare.floor,
        environment: BTreeMap::new(),
        timeout: Duration::from_secs(60),
    };
    let work = Work { function: "floor", path: "nothing", spec, ..work::plain_update(bed, &issuer)? };
    let mut floor = Entrant { expected: None, ..Entrant::new("floor", work, Some(size)) };

    let (mut ours, mut sizes) = (Vec::new(), BTreeMap::new());
    for work in work::all(bed).await? {
        if extent.includes(work.function) || extent.includes(work.path) || (work.function, work.path) == PLAIN
        {
            // Deflating takes longer than a row does: each program once.
            let size = match sizes.get(work.function) {
                Some(size) => *size,
                None => size::of(&work.spec.binary)?,
            };
            sizes.insert(work.function, size);
            let entrant = Entrant::new(work.function, work, Some(size));
            ours.push(Entrant { tells_capacity: true, ..entrant });
        }
    }
    let size = size::of(&bare.one_call)?;
    let plain = work::plain_update(bed, &issuer)?;
    let work = Work { spec: FunctionSpec { binary: bare.one_call, ..plain.spec.clone() }, ..plain };
    let mut one_call = Entrant::new("one SDK call", work, Some(size));
    let mut peers = Vec::new();
    for peer in [peer::node(bed, &issuer).await, peer::python(bed, &issuer).await] {
        let entrant = match peer.made {
            _ if !extent.includes(&peer.name) => Err("not asked for".to_owned()),
            Err(reason) => Err(reason),
            Ok(spec) => {
                let work = Work { spec, ..work::plain_update(bed, &issuer)? };
                Ok(Entrant { zip_bytes: peer.zip, ..Entrant::new(&peer.name, work, None) })
            }
        };
        peers.push((peer.name, entrant));
    }

    let started = Instant::now();
    for round in 1..=extent.processes {
        let count = 2 + ours.len() + peers.iter().filter(|(_, entrant)| entrant.is_ok()).count();
        let elapsed = started.elapsed().as_secs();
        eprintln!("round {round} of {}: {count} rows, {elapsed} s so far", extent.processes);
        floor.run(bed, extent).await?;
        one_call.run(bed, extent).await?;
        for entrant in &mut ours {
            entrant.run(bed, extent).await?;
        }
        for (name, peer) in &mut peers {
            let Ok(entrant) = peer else { continue };
            // Whatever is wrong with a peer, its column says so, and the others are measured.
            if let Err(failure) = entrant.run(bed, extent).await {
                eprintln!("{name}: {failure}");
                *peer = Err(failure.to_string());
            }
        }
    }

    let peers = peers.into_iter().map(|(name, entrant)| Peer {
        name,
        row: entrant.as_ref().ok().map(Entrant::row),
        missing: entrant.err(),
    });
    Ok(Functions {
        processes: extent.processes,
        floor: floor.row(),
        one_call: one_call.row(),
        rows: ours.iter().map(Entrant::row).collect(),
        peers: peers.collect(),
    })
}

impl Extent {
    fn includes(&self, name: &str) -> bool {
        self.only.as_deref().is_none_or(|only| name.to_lowercase().contains(&only.to_lowercase()))
    }
}

impl Entrant {
    fn new(name: &str, work: Work, size: Option<Size>) -> Self {
        let (binary_bytes, zip_bytes) = (size.map(|size| size.binary), size.map(|size| size.zip));
        let expected = Some(work.expected);
        let (name, trials) = (name.to_owned(), Vec::new());
        Self { name, work, expected, binary_bytes, zip_bytes, tells_capacity: false, trials }
    }

    /// One more process.
    async fn run(&mut self, bed: &Bed, extent: &Extent) -> Result<()> {
        let work = &mut self.work;
        work.load.measured = work.load.measured.min(extent.invocations);
        let trial =
            trial::run(&bed.runtime, work.spec.clone(), work.load, self.expected, &mut work.events).await?;
        let capacity = match self.tells_capacity {
            true => Some(bed.capacity(work.load.invocations()).await?),
            false => None,
        };
        self.trials.push((trial, capacity));
        Ok(())
    }

    /// Medians over its processes.
    fn row(&self) -> Row {
        let middle = |figure: &dyn Fn(&Trial) -> f64| {
            rounded(median(self.trials.iter().map(|(trial, _)| figure(trial))))
        };
        let time = |figure: &dyn Fn(&Trial) -> Duration| middle(&|trial| figure(trial).as_secs_f64() * 1e6);
        let cost = |figure: &dyn Fn(&bed::Capacity) -> f64| {
            rounded(median(self.trials.iter().filter_map(|(_, capacity)| capacity.as_ref()).map(figure)))
        };
        Row {
            function: self.name.clone(),
            path: self.work.path.to_owned(),
            usual: self.work.group == Group::Function,
            init_wall_us: time(&|trial| trial.init.wall),
            init_cpu_us: time(&|trial| trial.init.cpu),
            first_wall_us: time(&|trial| trial.first.wall),
            first_cpu_us: time(&|trial| trial.first.cpu),
            warm_p50_us: time(&|trial| percentile(&trial.warm, 0.5)),
            warm_p99_us: time(&|trial| percentile(&trial.warm, 0.99)),
            warm_cpu_us: time(&|trial| trial.warm_cpu),
            invocations: self.work.load.measured,
            memory_bytes: middle(&|trial| trial.memory as f64),
            binary_bytes: self.binary_bytes,
            zip_bytes: self.zip_bytes,
            capacity: self.tells_capacity.then(|| Capacity {
                calls: cost(&|capacity| capacity.calls),
                read_units: cost(&|capacity| capacity.read_units),
                write_units: cost(&|capacity| capacity.write_units),
            }),
        }
    }
}
