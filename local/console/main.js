/** The console: one profile, seen through five contracts, changed through any of them. */

import { Activity } from "./activity.js";
import { changes, Comparison } from "./comparison.js";
import { NAMES, readContracts } from "./contract.js";
import { element, fill } from "./element.js";
import { Exchanges } from "./exchange.js";
import { Form } from "./form.js";
import { readProfile, valueOf } from "./profile.js";
import { isDone } from "./refusal.js";
import { follow } from "./theme.js";
import { ask, NoAnswer } from "./wire.js";

/** The user who is there on every stack and suits all five contracts. */
const FIRST = "1001";

/** How a profile comes to be, and how one that was erased. */
const CREATES = "a change through AuthMS, CIAM or CloudBase creates it";
const ANEW = "an administrator can create it anew, through AuthMS";

/** What an id is. */
const RULE = "An id has 1 to 128 letters, digits and . _ : | -, and begins with a letter or a digit.";

/** Where the stack does not answer, how long until it is tried again, in milliseconds. */
const PAUSE = 2_000;

const at = (selector) => document.querySelector(selector);

const state = { user: "", actor: "user", chosen: "ciam", all: false, views: [], changes: [], profile: null, message: "" };
let credentials;

/** What is under way. */
let turn = Promise.resolve();

/** How many users are being opened. */
let opening = 0;

/** What has happened to the profile since it was read; "" for all that is known. */
let happened = "";

/** The next attempt, while the stack does not answer. */
let attempt;

follow(at("#theme"));
const contracts = await readContracts().catch((fault) => {
  complain(`The contracts' documents cannot be read. ${fault.message} Load the page again.`);
  throw fault;
});
const chosen = () => contracts.find(({ id }) => id === state.chosen);
const comparison = new Comparison(at("#comparison"), contracts, (contract) => choose(contract, true));
const activity = new Activity(at("#activity"), at("#kinds"), changedElsewhere, fail);
const exchanges = new Exchanges(at("#exchanges"), activity.requests);
const form = new Form(at("#change"), { sent, change, say });

for (const { id, name } of contracts) {
  const input = element("input", { type: "radio", name: "contract", value: id });
  at("#contracts").append(element("label", { "data-contract": id }, input, element("span", {}, name)));
}
at("#contracts").addEventListener("change", ({ target }) => choose(target.value));
at("#actor").addEventListener("change", ({ target }) => {
  state.actor = target.value;
  edit();
});
at("#all").addEventListener("click", () => {
  state.all = !state.all;
  draw();
});
at("#user").addEventListener("submit", (submit) => {
  submit.preventDefault();
  const hash = `#${encodeURIComponent(at("#id").value.trim())}`;
  if (location.hash === hash) open();
  else location.hash = hash;
});
at(".skip").addEventListener("click", () => at("#change-title").focus());
addEventListener("hashchange", open);
activity.start();
open();

/** Does one thing after the other: what is compared with what was seen before must not be seen by two at once. */
function inTurn(work) {
  turn = turn.then(work, work);
  turn.catch(fail);
  return turn;
}

/** Says what is in the way. Where it is that the stack does not answer, tries until it does. */
function fail(fault) {
  complain(fault.message);
  if (!(fault instanceof NoAnswer)) throw fault;
  complain(`${fault.message} This page goes on by itself once it does.`);
  attempt ??= setTimeout(() => {
    attempt = undefined;
    inTurn(() => show({ keeps: true })).then(unlock, unlock);
  }, PAUSE);
}

/** Opens the user whom the address names. Until then nobody can save what is another's. */
function open() {
  opening += 1;
  at("#change").inert = true;
  const opened = () => {
    opening -= 1;
    unlock();
  };
  inTurn(() => show({ keeps: false })).then(opened, opened);
}

/** Lets the form be used, once it is the form of the user whom the page shows. */
function unlock() {
  at("#change").inert = opening > 0 || !credentials;
}

/**
 * Shows the user whom the address names.
 *
 * @param {{keeps: boolean}} how whether what was typed stays, should it be the same user
 */
async function show({ keeps }) {
  const user = named() || FIRST;
  const { response, text } = await ask(`/_local/credentials?user=${encodeURIComponent(user)}`);
  if (response.status === 400) return refuse(user);
  if (!response.ok) throw new Error(`/_local/credentials answers ${response.status}.`);
  const given = JSON.parse(text);
  const seen = await look(given);
  complain("");
  credentials = given;
  const before = state.views;
  const isSame = keeps && user === state.user;
  Object.assign(state, seen, { user });
  if (isSame) {
    mark(before, happened || "The stack was away.");
    form.store(credentials, shownBy(chosen()));
    form.refuse("");
  } else {
    state.changes = [];
    say("");
    form.forget();
    at("main").dataset.user = user;
    at("#id").value = user;
    at("#whose").textContent = user;
    at("#whose").title = user;
    document.title = `${user} – profile console`;
    draw();
    edit();
  }
  happened = "";
  await list();
}

/** Says that an id can be nobody's, and stays with the user who is shown, if there is one. */
function refuse(id) {
  complain(`“${id}” can be nobody's id. ${RULE}`);
  if ((named() || FIRST) !== id) return;
  at("#id").value = state.user || id;
  if (state.user) history.replaceState(null, "", `#${encodeURIComponent(state.user)}`);
}

function named() {
  const hash = location.hash.slice(1);
  try {
    return decodeURIComponent(hash);
  } catch {
    return hash;
  }
}

/** Looks at a profile through all contracts. */
async function look(credentials) {
  const { profile, message } = await readProfile(credentials.user);
  const seen = contracts.map(async (contract) => ({ id: contract.id, ...(await contract.view(credentials, profile)) }));
  return { profile, message, views: [comparison.stored(profile), ...(await Promise.all(seen))] };
}

/** Looks at the profile again, after something happened to it, and shows what became different. */
async function lookAgain(why) {
  happened = why;
  const before = state.views;
  Object.assign(state, await look(credentials));
  mark(before, why);
  form.store(credentials, shownBy(chosen()));
  happened = "";
}

/** Offers the users that there are. */
async function list() {
  const { response, text } = await ask("/_local/users");
  if (!response.ok) throw new Error(`/_local/users answers ${response.status}.`);
  const users = JSON.parse(text);
  fill(at("#users"), users.map(({ user_id: id }) => element("option", { value: id })));
}

function draw() {
  const { profile, message } = state;
  at("#state").textContent = profile
    ? `version ${profile.version}, changed ${new Date(profile.updated_at).toLocaleString("en-GB")}`
    : message && `${message}; ${message.includes("erased") ? ANEW : CREATES}`;
  comparison.draw(state);
  at("#all").setAttribute("aria-pressed", String(state.all));
  at("#all").hidden = !state.all && comparison.hidden === 0;
  at("#all").textContent = `${state.all ? "Hide" : `Show ${comparison.hidden}`} attributes without a value`;
  for (const input of at("#contracts").querySelectorAll("input")) input.checked = input.value === state.chosen;
}

/** Edits through another contract. */
function choose(contract, andGo = false) {
  state.chosen = contract;
  draw();
  edit();
  if (!andGo) return;
  at("#change-title").scrollIntoView({ block: "nearest" });
  at("#change .field :is(input, select, textarea)")?.focus({ preventScroll: true });
}

/** What a contract shows; and what is stored that it takes, and does not show. */
function shownBy(contract) {
  const { shown, note } = state.views.find(({ id }) => id === contract.id);
  if (note) return shown;
  const stored = [...contract.writable().keys()].map((name) => [name, valueOf(state.profile ?? {}, name)]);
  const isUnshown = ([name, value]) => value !== undefined && shown.get(name)?.value === undefined;
  const unshown = stored.filter(isUnshown).map(([name, value]) => [name, { value, isUnshown: true }]);
  return new Map([...shown, ...unshown]);
}

function edit() {
  if (!credentials) return;
  const contract = chosen();
  at("#change").dataset.contract = contract.id;
  at("#through").textContent = contract.name;
  const actor = contract.actor(state.actor);
  at("#as").textContent = {
    user: state.actor === "user" ? `as ${state.user}` : `as ${state.user}: this contract knows no administrators`,
    admin: "as an administrator",
    machine: "with an API key; an emptied field is as absent",
  }[actor];
  form.show(contract, state.actor, credentials, shownBy(contract));
}

function sent(exchange) {
  exchanges.add(exchange);
  activity.look();
}

/** Sends a change, and shows what became different. */
function change(wanted) {
  return inTurn(() => save(wanted));
}

/** @param {import("./form.js").Change} change */
async function save({ contract, actor, credentials, body }) {
  if (credentials.user !== state.user) {
    say(`Not saved: the change was for ${credentials.user}.`);
    return undefined;
  }
  const exchange = await contract.change(credentials, actor, body, !state.profile);
  sent(exchange);
  if (!isDone(exchange)) return exchange;
  const secret = contract.members().filter(([name, schema]) => name in body && schema.writeOnly).map(([name]) => name);
  const why = `Saved through ${contract.name}.${secret.length > 0 ? ` No answer shows anything of ${secret}.` : ""}`;
  complain("");
  say(why);
  form.settle(contract, actor);
  // It is saved, whether or not that can be seen yet.
  await lookAgain(why).then(list).catch(fail);
  return exchange;
}

/** Somebody else may have changed this user. */
function changedElsewhere({ detail = {} }) {
  return inTurn(async () => {
    if (detail.user_id !== state.user || detail.version <= state.profile?.version) return;
    await lookAgain(`Changed by ${NAMES.get(detail.contract) ?? detail.origin ?? "somebody"}.`);
  });
}

/** Marks what is different from before, and says it. */
function mark(before, why) {
  state.changes = changes(before, state.views);
  draw();
  comparison.reveal();
  const seen = state.changes.filter(({ id }) => id !== "profile");
  const item = ({ id, attribute, before, after }) => {
    const what = ` ${attribute}: ${before || "nothing"} → ${after || "nothing"}`;
    return element("li", { "data-contract": id }, element("b", {}, NAMES.get(id)), what);
  };
  const said = element("p", {}, why, seen.length ? " What it changed:" : " Nothing that is shown is different.");
  fill(at("#effects"), said, seen.length > 0 && element("ul", {}, seen.map(item)));
}

function say(text) {
  fill(at("#effects"), text && element("p", {}, text));
}

function complain(text) {
  const place = at("#complaint");
  place.textContent = text;
  place.hidden = !text;
}
