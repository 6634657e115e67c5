// The types of clients/typescript at work: each contract called by them, with a success and a refusal; and what they
// must not let pass.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { type Credentials, Stack } from "#stack";
import createClient from "openapi-fetch";
import type { AuthMs, Ciam, CloudBase, SystemUser, Wts } from "../../clients/typescript/index.d.ts";

let stack: Stack;
let credentials: Credentials;
before(async () => {
  stack = await Stack.start();
  credentials = await stack.credentials("1001");
});
after(() => stack?.stop());

const bearing = (credential: string) => ({ baseUrl: stack.url, headers: { Authorization: `Bearer ${credential}` } });

test("AuthMS", async () => {
  const authms = createClient<AuthMs>(bearing(credentials.token));
  const path = { user_id: "1001" };
  const { data } = await authms.PUT("/profiles/{user_id}", { params: { path }, body: { city: "Oslo" } });
  assert.equal(data?.data.profile.city, "Oslo");
  const refused = await authms.PUT("/profiles/{user_id}", { params: { path }, body: { country: "XX" } });
  assert.equal(refused.response.status, 400);
  assert.equal(refused.error && "code" in refused.error && refused.error.code, 30101001);
  // @ts-expect-error: a city is a text
  await authms.PUT("/profiles/{user_id}", { params: { path }, body: { city: 1 } });
  // @ts-expect-error: nobody is named
  await authms.GET("/profiles/{user_id}", { params: { path: {} } }).catch(() => undefined);
});

test("CIAM", async () => {
  const ciam = createClient<Ciam>(bearing(credentials.token));
  const { data } = await ciam.PATCH("/userinfo", { body: { nickname: "Zo" } });
  assert.equal(data?.nickname, "Zo");
  const refused = await ciam.PATCH("/userinfo", { body: { nickname: "" } });
  assert.equal(refused.error && "error" in refused.error && refused.error.error, "illegal_parameter_value");
  // @ts-expect-error: there is no such path
  await ciam.PATCH("/user", { body: { nickname: "Zo" } });
});

test("WTS", async () => {
  const wts = createClient<Wts>(bearing(credentials.wts_token));
  const body = { who: "1001", block: "15", room: "202", phone: "13900139000", isp: "telecom", account: "1" } as const;
  const { data } = await wts.POST("/api/v3/change_profile", { body });
  assert.equal(data?.success, true);
  const refused = await wts.POST("/api/v3/change_profile", { body: { ...body, who: "somebody-else" } });
  assert.equal(refused.response.status, 403);
  assert.equal(refused.error && "success" in refused.error && refused.error.success, false);
  // @ts-expect-error: there is no such block
  await wts.POST("/api/v3/change_profile", { body: { ...body, block: "23" } });
});

test("CloudBase", async () => {
  const cloudbase = createClient<CloudBase>(bearing(credentials.token));
  const done = await cloudbase.POST("/auth/v1/user/basic/edit", { body: { gender: "FEMALE" } });
  assert.deepEqual(done.data, {});
  const { data } = await cloudbase.GET("/auth/v1/user/me");
  assert.equal(data?.gender, "FEMALE");
  const refused = await cloudbase.POST("/auth/v1/user/basic/edit", { body: { phone: "+86 13900139009" } });
  assert.equal(refused.error && "error" in refused.error && refused.error.error, "failed_precondition");
  // @ts-expect-error: genders are in capitals here
  await cloudbase.POST("/auth/v1/user/basic/edit", { body: { gender: "female" } });
});

test("System user", async () => {
  const system = createClient<SystemUser>(bearing(credentials.api_key));
  const path = { id: 1001 };
  const done = await system.POST("/api/v1/system/user/{id}/update", { params: { path }, body: { nickName: "Nick" } });
  assert.equal(done.data?.code, "0000");
  const refused = await system.POST("/api/v1/system/user/{id}/update", { params: { path }, body: { nickName: "1" } });
  assert.equal(refused.data?.code, "4000");
  // @ts-expect-error: an id is a number
  await system.POST("/api/v1/system/user/{id}/update", { params: { path: { id: "x" } }, body: {} });
});
