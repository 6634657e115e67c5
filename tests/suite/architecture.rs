//! The house's own rules: who may know whom, and that template, binaries and sample events agree.

use local::binaries::workspace;
use local::template::Template;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

type Names = BTreeSet<String>;

/// The package of the functions that are no endpoints.
const TRIGGERS: &str = "triggers";

/// The workspace's packages, as cargo tells of them.
fn packages() -> Vec<Value> {
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.args(["metadata", "--no-deps", "--offline", "--format-version=1"]).current_dir(workspace());
    let output = cargo.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: Value = serde_json::from_slice(&output.stdout).unwrap();
    metadata["packages"].as_array().unwrap().clone()
}

fn folder(package: &Value) -> PathBuf {
    Path::new(package["manifest_path"].as_str().unwrap()).parent().unwrap().to_owned()
}

fn is_function(package: &Value) -> bool {
    folder(package).starts_with(workspace().join("functions"))
}

/// Source files below a folder, without those that hold only tests.
fn sources(folder: &str) -> Vec<(PathBuf, String)> {
    let mut files = Vec::new();
    let mut folders = vec![workspace().join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()) {
            let name = entry.file_name().unwrap().to_str().unwrap();
            if entry.is_dir() {
                folders.push(entry);
            } else if name.ends_with(".rs") && !name.ends_with("tests.rs") && name != "fixtures.rs" {
                let code = code(&std::fs::read_to_string(&entry).unwrap());
                files.push((entry, code));
            }
        }
    }
    assert!(!files.is_empty());
    files
}

/// What is compiled into the product: no comments, and nothing from the file's test module on.
fn code(text: &str) -> String {
    let product =
        text.split("#[cfg(test)]\nmod tests").next().unwrap().split("#[cfg(test)]\n#[path").next().unwrap();
    let lines = product.lines().filter(|line| !line.trim_start().starts_with("//"));
    lines.map(|line| format!("{line}\n")).collect()
}

/// The identifiers that follow each occurrence of `before`.
fn names_after(code: &str, before: &str) -> Names {
    let ident =
        |rest: &str| rest.split(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap().to_owned();
    code.split(before).skip(1).map(ident).collect()
}

#[test]
fn functions_know_only_what_they_share() {
    for package in packages() {
        let dependencies = package["dependencies"].as_array().unwrap().iter();
        let own = dependencies.filter(|dependency| dependency.get("path").is_some_and(Value::is_string));
        let own: Names = own.map(|dependency| dependency["name"].as_str().unwrap().to_owned()).collect();
        let name = package["name"].as_str().unwrap();
        let allowed: &[&str] = match name {
            "shared" => &[],
            "local" => &["shared"],
            "bench" => &["ciam", "cloudbase", "local", "shared"],
            "tests" => &["authms", "ciam", "cloudbase", "local", "shared", "system-user", "triggers", "wts"],
            _ if is_function(&package) => &["shared"],
            _ => panic!("{name} has no place in the house yet"),
        };
        assert!(own.iter().all(|name| allowed.contains(&name.as_str())), "{name} depends on {own:?}");
    }
}

/// The table in the documentation of `shared`: module, what its row lets it import.
fn table() -> Vec<(String, Names)> {
    let text = std::fs::read_to_string(workspace().join("shared/src/lib.rs")).unwrap();
    let quoted =
        |cell: &str| -> Vec<String> { cell.split('`').skip(1).step_by(2).map(str::to_owned).collect() };
    let mut table: Vec<(String, Names)> = Vec::new();
    for line in text.lines().filter(|line| line.starts_with("//! | [`")) {
        let cells: Vec<&str> = line.split('|').collect();
        let above: Names = table.iter().map(|(module, _)| module.clone()).collect();
        let allowed: Names = match cells[3].trim() {
            "nothing" => Names::new(),
            "all above" => above.clone(),
            listed => quoted(listed).into_iter().collect(),
        };
        assert!(allowed.is_subset(&above), "{line}: who is imported stands above");
        table.extend(quoted(cells[1]).into_iter().map(|module| (module, allowed.clone())));
    }
    table
}

/// The top-level modules of `shared` and what each one's code imports from the others.
fn imports() -> BTreeMap<String, Names> {
    let root = workspace().join("shared/src");
    let mut imports: BTreeMap<String, Names> = BTreeMap::new();
    for (file, code) in sources("shared/src") {
        let parts: Vec<&str> =
            file.strip_prefix(&root).unwrap().iter().map(|part| part.to_str().unwrap()).collect();
        let module = parts[0].trim_end_matches(".rs").to_owned();
        if module == "lib" {
            continue;
        }
        // Paths are written from the crate's root, one module each, so that this test sees all of them.
        let is_top = parts.len() == 1 || parts[1] == "mod.rs";
        let outward = if is_top { "super::" } else { "super::super::" };
        assert!(!code.contains(outward) && !code.contains("crate::{"), "{}", file.display());
        let mut named = names_after(&code, "crate::");
        named.remove(&module);
        imports.entry(module).or_default().extend(named);
    }
    imports
}

#[test]
fn modules_import_what_the_table_lets_them() {
    let (table, imports) = (table(), imports());
    let declared =
        names_after(&std::fs::read_to_string(workspace().join("shared/src/lib.rs")).unwrap(), "pub mod ");
    assert_eq!(table.iter().map(|(module, _)| module.clone()).collect::<Names>(), declared);
    assert_eq!(imports.keys().cloned().collect::<Names>(), declared);

    // Who may import a module may import what that one may.
    let mut reach: BTreeMap<&str, Names> = BTreeMap::new();
    for (module, allowed) in &table {
        let further = allowed.iter().flat_map(|allowed| reach[allowed.as_str()].clone());
        let all: Names = further.chain(allowed.iter().cloned()).collect();
        let beyond: Vec<&String> = imports[module].difference(&all).collect();
        assert!(beyond.is_empty(), "{module} imports {beyond:?}");
        reach.insert(module, all);
    }
    // The design's two lines of descent: nothing looks back up.
    for line in [["validation", "profile", "store"], ["update", "http", "bootstrap"]] {
        assert!(reach[line[1]].contains(line[0]) && reach[line[2]].contains(line[1]), "{line:?}");
    }
}

#[test]
fn only_the_store_knows_dynamodb() {
    for (file, code) in sources("shared/src").into_iter().chain(sources("functions")) {
        let known = file.starts_with(workspace().join("shared/src/store")) || file.ends_with("bootstrap.rs");
        assert!(known || !code.contains("aws_sdk_dynamodb"), "{}", file.display());
    }
}

#[test]
fn nobody_scans() {
    for (file, code) in sources("shared/src").into_iter().chain(sources("functions")) {
        // A query's order is called so, too.
        let code = code.replace("scan_index_forward", "");
        // One file reads the whole table, for operators; no function may use it.
        let survey = file.ends_with("store/survey.rs");
        assert!(survey || !code.to_lowercase().contains("scan"), "{}", file.display());
    }
    for (file, code) in sources("functions") {
        let reads_all = ["written_since", ".sheet("].iter().any(|name| code.contains(name));
        assert!(!reads_all, "{}", file.display());
    }
    let template = std::fs::read_to_string(workspace().join("template.yaml")).unwrap();
    assert!(!template.contains("dynamodb:Scan") && !template.contains("dynamodb:*"));
}

#[test]
fn no_contract_is_named_outside_its_crate() {
    let names: Vec<String> = packages()
        .iter()
        .filter(|package| is_function(package) && package["name"] != TRIGGERS)
        .map(|package| format!("\"{}\"", package["name"].as_str().unwrap()))
        .collect();
    assert_eq!(names.len(), 5);
    // The local stack's own issuers and examples have to name them.
    let may = ["demo.rs", "keys.rs", "template.rs"];
    for (file, code) in sources("shared/src").into_iter().chain(sources("local/src")) {
        let exempt = may.iter().any(|name| file.ends_with(name));
        let named: Vec<&String> = names.iter().filter(|name| code.contains(*name)).collect();
        assert!(exempt || named.is_empty(), "{} names {named:?}", file.display());
    }
    // Nor does one contract know another's name.
    for package in packages().iter().filter(|package| is_function(package)) {
        let own = format!("\"{}\"", package["name"].as_str().unwrap());
        let folder = folder(package).join("src");
        for (file, code) in sources(folder.strip_prefix(workspace()).unwrap().to_str().unwrap()) {
            assert!(names.iter().all(|name| *name == own || !code.contains(name)), "{}", file.display());
        }
    }
}

/// Or they could not run against a deployed stack.
#[test]
fn every_crate_keeps_to_the_house_s_lints() {
    for package in packages() {
        let manifest = std::fs::read_to_string(folder(&package).join("Cargo.toml")).unwrap();
        assert!(
            manifest.contains("\n[lints]\nworkspace = true\n"),
            "{}: unsafe code is denied",
            package["name"]
        );
    }
}

#[test]
fn a_contract_s_cases_need_no_world() {
    for (file, code) in sources("tests/suite/contracts") {
        assert!(!code.contains("World"), "{} names World", file.display());
        let others = names_after(&code, "crate::");
        assert!(others.iter().all(|module| module == "contracts"), "{} uses {others:?}", file.display());
    }
}

#[test]
fn template_binaries_and_events_agree() {
    let (mut binaries, mut triggers) = (Names::new(), Names::new());
    for package in packages().iter().filter(|package| is_function(package)) {
        for target in package["targets"].as_array().unwrap() {
            if target["kind"][0] == "bin" {
                let name = target["name"].as_str().unwrap().to_owned();
                if package["name"] == TRIGGERS {
                    triggers.insert(name.clone());
                }
                binaries.insert(name);
                let source = std::fs::read_to_string(target["src_path"].as_str().unwrap()).unwrap();
                assert!(source.lines().count() <= 25, "{} is more than a name", target["src_path"]);
            }
        }
    }
    let template = Template::read(&Template::default_path(), &BTreeMap::new()).unwrap();
    let functions: Names = template.functions.iter().map(|function| function.binary.clone()).collect();
    assert_eq!(functions, binaries, "a function each, a binary each");
    assert_eq!(functions.len(), template.functions.len(), "no binary serves two functions");

    let entries = std::fs::read_dir(workspace().join("events")).unwrap().map(Result::unwrap);
    let folders = entries.filter(|entry| entry.file_type().unwrap().is_dir());
    let folders: Names = folders.map(|entry| entry.file_name().to_str().unwrap().to_owned()).collect();
    assert_eq!(folders, binaries, "a folder of events each");

    let mut routes = Names::new();
    for function in &template.functions {
        let is_trigger = triggers.contains(&function.binary);
        assert_eq!(function.routes.is_empty(), is_trigger, "routes of {}", function.binary);
        for route in &function.routes {
            assert!(routes.insert(format!("{route:?}")), "two functions at {route:?}");
        }
    }
}
