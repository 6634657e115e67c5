//! Every row, on debug binaries: what it is answered, and what it costs the database.

use super::{Group, all};
use crate::bed::{Bed, Capacity};
use crate::trial::{self, Load};
use local::binaries;
use local::template::Template;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;
use tokio::time::{sleep, timeout};

const LOAD: Load = Load { warm_up: 0, measured: 2 };
const INVOCATIONS: usize = 3;

/// What the invocations cost, once the lines of all of them have come: they take a way of their own.
async fn costs(bed: &Bed) -> Vec<Capacity> {
    let mut costs: Vec<Capacity> = Vec::new();
    while costs.iter().map(|cost| cost.invocations).sum::<usize>() < INVOCATIONS {
        sleep(Duration::from_millis(1)).await;
        costs.extend(Some(bed.capacity()).filter(|cost| cost.invocations > 0));
    }
    costs
}

#[tokio::test(flavor = "multi_thread")]
async fn every_function_has_a_row_and_every_row_is_answered_as_it_should_be() {
    let bed = Bed::start(binaries::build(false).unwrap()).await.unwrap();
    let mut rows = all(&bed).await.unwrap();

    let template = Template::read(&Template::default_path(), &BTreeMap::new()).unwrap();
    let functions: BTreeSet<&str> = template.functions.iter().map(|function| &*function.binary).collect();
    let typical = rows.iter().filter(|row| row.group == Group::Function);
    let typical: Vec<&str> = typical.map(|row| row.function).collect();
    assert_eq!(typical.iter().copied().collect::<BTreeSet<_>>(), functions);
    assert_eq!(typical.len(), functions.len(), "{typical:?}");
    let names: BTreeSet<_> = rows.iter().map(|row| (row.function, row.path)).collect();
    assert_eq!(names.len(), rows.len(), "two rows have one name");

    for row in &mut rows {
        let name = format!("{}, {}", row.function, row.path);
        let run = trial::run(&bed.runtime, row.spec.clone(), LOAD, Some(row.expected), &mut row.events);
        run.await.unwrap_or_else(|failure| panic!("{name}: {failure}"));
        let costs = timeout(Duration::from_secs(10), costs(&bed)).await.expect(&name);
        println!("{name:60} {costs:?}");
        // System user has to look the key up before it can refuse anything.
        let refused = row.path.starts_with("refused") && row.function != "update-user";
        let free = refused || row.function == "describe-error";
        for cost in costs {
            assert_eq!(cost.calls == 0.0, free, "{name}: {cost:?}");
        }
    }
    bed.stop().await;
}
