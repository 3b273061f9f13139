import { faultySimulation, isForgotten, runSeed } from "./seeds.ts";
let n = 0, cert = 0, forgot = 0, retried = 0;
for (let seed = 0; seed < 1000; seed++) {
  const f = faultySimulation(seed);
  runSeed(f);
  const { events, reports, status } = f.simulation;
  if (status === "failed") { n++; console.log(seed, isForgotten(f.simulation), events.findLast((e) => e.type === "failed")); }
  if (reports.some(({ event }) => event.type === "withdrawn" && event.code === "roundForgotten")) forgot++;
  const c = events.filter((e) => e.type === "survivorsCertified");
  if (c.length > 0) cert++;
  if (c.some((e) => { const r = events.find((x) => x.type === "roundReleased" && x.round === e.round); return !r || (r.type === "roundReleased" && r.attempt !== e.attempt); })) retried++;
}
console.log({ failed: n, cert, forgot, retried });
