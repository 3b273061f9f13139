/** The rooms that are audited: every placement of the noise, drop-outs, colluders, adaptive clipping, both grids. Pure. */
import type { RoomSetting } from "./room.ts";

/** How many customers of whom each is in or out by a coin, over which training rounds. */
export interface OneRunPlan {
  readonly canaries: number;
  readonly rounds: number;
  readonly samplingProbability: number;
}

export interface NoisedSetting extends RoomSetting {
  readonly epsilon: number;
  /** Where canaries are audited otherwise than in the ordinary plan. */
  readonly plan?: Partial<OneRunPlan>;
}

/** Canaries in every round: all noise is the mechanism's, none the sampling's. */
export const UNSAMPLED = { samplingProbability: 1 } as const;

const five = { members: 5, dropouts: 1, colluders: 1, placement: "distributed" } as const;

/** K = 5, of whom one drops out and one colludes: three members' shares are all the noise that is promised. */
export const DISTRIBUTED: NoisedSetting = {
  name: "distributed, 1 of 5 gone, 1 colludes",
  epsilon: 1,
  ...five,
};

/** Members drop out and collude as far as the noise allows, so that exactly the guaranteed noise is audited. */
export const SETTINGS: readonly NoisedSetting[] = [
  DISTRIBUTED,
  { ...DISTRIBUTED, epsilon: 3 },
  { ...DISTRIBUTED, name: "no sampling", plan: UNSAMPLED },
  {
    name: "local, 2 of 3 collude",
    epsilon: 1,
    members: 3,
    dropouts: 0,
    colluders: 2,
    placement: "local",
  },
  {
    name: "central, coordinator trusted",
    epsilon: 1,
    members: 3,
    dropouts: 0,
    colluders: 0,
    placement: "central",
  },
  { ...DISTRIBUTED, name: "adaptive clipping", adaptive: true },
  { ...DISTRIBUTED, name: "rotated, 20 bits", encoding: { profile: "dp", ringBits: 20 } },
];

/** K = 10, two gone, two colluding: the defaults. */
export const TEN: NoisedSetting = {
  name: "10 members, 2 gone, 2 collude",
  epsilon: 1,
  members: 10,
  dropouts: 2,
  colluders: 2,
  placement: "distributed",
};
