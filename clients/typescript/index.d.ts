/** The five contracts, each as the paths of its document. */
export type { paths as AuthMs } from "./authms.d.ts";
export type { paths as Ciam } from "./ciam.d.ts";
export type { paths as CloudBase } from "./cloudbase.d.ts";
export type { paths as SystemUser } from "./system-user.d.ts";
export type { paths as Wts } from "./wts.d.ts";
