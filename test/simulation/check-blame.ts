/** Who is blamed lied. Being late is no lie: `wrongPhase` only says that an answer came after its time. */
import type { Checker, Watched } from "./checkers.ts";

const LATE = "wrongPhase";

export function checkBlame({ sum, liars, coordinatorLies }: Watched): Checker {
  const isLiar = (memberId: string): boolean => {
    const index = sum.roster.findIndex((member) => member.memberId === memberId);
    return memberId === "coordinator" ? coordinatorLies : liars.has(index);
  };
  return (observed) => {
    if (coordinatorLies) return null; // Its lies are told in others' names: see the attacks' own tests.
    if (observed.type === "coordinator" && observed.event.type === "fault") {
      const { memberId, code } = observed.event;
      return code === LATE || isLiar(memberId)
        ? null
        : `the coordinator blames ${memberId}: ${code}`;
    }
    if (observed.type !== "report" || observed.event.type !== "fault") return null;
    const { member, code } = observed.event;
    if (isLiar(member) || liars.has(observed.member)) return null;
    return `member ${observed.member} blames ${member}: ${code}`;
  };
}
