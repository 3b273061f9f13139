/**
 * Products in the field of 2^255 − 19, two at a time: the lanes of a vector are numbers of their own. An element is twelve
 * doubles, limb i a multiple of 2^⌈21.25·i⌉. Factors are what these functions give, or sums and differences of two such: every
 * partial sum is then below 2^52 times the place of its limb, and so exact, whether products are fused with sums or not.
 * No branch and no address depends on a value. AssemblyScript, not TypeScript; pure.
 *
 * @see Bernstein, Curve25519: new Diffie-Hellman speed records, PKC 2006, §4: doubles, and sums of them that are exact.
 */
import { madd, power, top } from "./double.ts";

/** out = f·g; any of the three may be the same place. 2^255 = 19. */
export function multiply(out: usize, f: usize, g: usize): void {
  const wrap = f64x2.splat(19 * power(-255));
  const f0 = v128.load(f, 0);
  const f1 = v128.load(f, 16);
  const f2 = v128.load(f, 32);
  const f3 = v128.load(f, 48);
  const f4 = v128.load(f, 64);
  const f5 = v128.load(f, 80);
  const f6 = v128.load(f, 96);
  const f7 = v128.load(f, 112);
  const f8 = v128.load(f, 128);
  const f9 = v128.load(f, 144);
  const f10 = v128.load(f, 160);
  const f11 = v128.load(f, 176);
  const g0 = v128.load(g, 0);
  const g1 = v128.load(g, 16);
  const g2 = v128.load(g, 32);
  const g3 = v128.load(g, 48);
  const g4 = v128.load(g, 64);
  const g5 = v128.load(g, 80);
  const g6 = v128.load(g, 96);
  const g7 = v128.load(g, 112);
  const g8 = v128.load(g, 128);
  const g9 = v128.load(g, 144);
  const g10 = v128.load(g, 160);
  const g11 = v128.load(g, 176);
  const g1w = f64x2.mul(g1, wrap);
  const g2w = f64x2.mul(g2, wrap);
  const g3w = f64x2.mul(g3, wrap);
  const g4w = f64x2.mul(g4, wrap);
  const g5w = f64x2.mul(g5, wrap);
  const g6w = f64x2.mul(g6, wrap);
  const g7w = f64x2.mul(g7, wrap);
  const g8w = f64x2.mul(g8, wrap);
  const g9w = f64x2.mul(g9, wrap);
  const g10w = f64x2.mul(g10, wrap);
  const g11w = f64x2.mul(g11, wrap);
  let h0 = madd(f11, g1w, madd(f10, g2w, madd(f9, g3w, madd(f8, g4w, madd(f7, g5w, madd(f6, g6w,
    madd(f5, g7w, madd(f4, g8w, madd(f3, g9w, madd(f2, g10w, madd(f1, g11w,
    f64x2.mul(f0, g0))))))))))));
  let h1 = madd(f11, g2w, madd(f10, g3w, madd(f9, g4w, madd(f8, g5w, madd(f7, g6w, madd(f6, g7w,
    madd(f5, g8w, madd(f4, g9w, madd(f3, g10w, madd(f2, g11w, madd(f1, g0,
    f64x2.mul(f0, g1))))))))))));
  let h2 = madd(f11, g3w, madd(f10, g4w, madd(f9, g5w, madd(f8, g6w, madd(f7, g7w, madd(f6, g8w,
    madd(f5, g9w, madd(f4, g10w, madd(f3, g11w, madd(f2, g0, madd(f1, g1,
    f64x2.mul(f0, g2))))))))))));
  let h3 = madd(f11, g4w, madd(f10, g5w, madd(f9, g6w, madd(f8, g7w, madd(f7, g8w, madd(f6, g9w,
    madd(f5, g10w, madd(f4, g11w, madd(f3, g0, madd(f2, g1, madd(f1, g2,
    f64x2.mul(f0, g3))))))))))));
  let h4 = madd(f11, g5w, madd(f10, g6w, madd(f9, g7w, madd(f8, g8w, madd(f7, g9w, madd(f6, g10w,
    madd(f5, g11w, madd(f4, g0, madd(f3, g1, madd(f2, g2, madd(f1, g3,
    f64x2.mul(f0, g4))))))))))));
  let h5 = madd(f11, g6w, madd(f10, g7w, madd(f9, g8w, madd(f8, g9w, madd(f7, g10w, madd(f6, g11w,
    madd(f5, g0, madd(f4, g1, madd(f3, g2, madd(f2, g3, madd(f1, g4, f64x2.mul(f0, g5))))))))))));
  let h6 = madd(f11, g7w, madd(f10, g8w, madd(f9, g9w, madd(f8, g10w, madd(f7, g11w, madd(f6, g0,
    madd(f5, g1, madd(f4, g2, madd(f3, g3, madd(f2, g4, madd(f1, g5, f64x2.mul(f0, g6))))))))))));
  let h7 = madd(f11, g8w, madd(f10, g9w, madd(f9, g10w, madd(f8, g11w, madd(f7, g0, madd(f6, g1,
    madd(f5, g2, madd(f4, g3, madd(f3, g4, madd(f2, g5, madd(f1, g6, f64x2.mul(f0, g7))))))))))));
  let h8 = madd(f11, g9w, madd(f10, g10w, madd(f9, g11w, madd(f8, g0, madd(f7, g1, madd(f6, g2,
    madd(f5, g3, madd(f4, g4, madd(f3, g5, madd(f2, g6, madd(f1, g7, f64x2.mul(f0, g8))))))))))));
  let h9 = madd(f11, g10w, madd(f10, g11w, madd(f9, g0, madd(f8, g1, madd(f7, g2, madd(f6, g3,
    madd(f5, g4, madd(f4, g5, madd(f3, g6, madd(f2, g7, madd(f1, g8, f64x2.mul(f0, g9))))))))))));
  let h10 = madd(f11, g11w, madd(f10, g0, madd(f9, g1, madd(f8, g2, madd(f7, g3, madd(f6, g4,
    madd(f5, g5, madd(f4, g6, madd(f3, g7, madd(f2, g8, madd(f1, g9,
    f64x2.mul(f0, g10))))))))))));
  let h11 = madd(f11, g0, madd(f10, g1, madd(f9, g2, madd(f8, g3, madd(f7, g4, madd(f6, g5,
    madd(f5, g6, madd(f4, g7, madd(f3, g8, madd(f2, g9, madd(f1, g10,
    f64x2.mul(f0, g11))))))))))));
  let c: v128;
  c = top(h0, 22);
  h0 = f64x2.sub(h0, c);
  h1 = f64x2.add(h1, c);
  c = top(h6, 149);
  h6 = f64x2.sub(h6, c);
  h7 = f64x2.add(h7, c);
  c = top(h1, 43);
  h1 = f64x2.sub(h1, c);
  h2 = f64x2.add(h2, c);
  c = top(h7, 170);
  h7 = f64x2.sub(h7, c);
  h8 = f64x2.add(h8, c);
  c = top(h2, 64);
  h2 = f64x2.sub(h2, c);
  h3 = f64x2.add(h3, c);
  c = top(h8, 192);
  h8 = f64x2.sub(h8, c);
  h9 = f64x2.add(h9, c);
  c = top(h3, 85);
  h3 = f64x2.sub(h3, c);
  h4 = f64x2.add(h4, c);
  c = top(h9, 213);
  h9 = f64x2.sub(h9, c);
  h10 = f64x2.add(h10, c);
  c = top(h4, 107);
  h4 = f64x2.sub(h4, c);
  h5 = f64x2.add(h5, c);
  c = top(h10, 234);
  h10 = f64x2.sub(h10, c);
  h11 = f64x2.add(h11, c);
  c = top(h5, 128);
  h5 = f64x2.sub(h5, c);
  h6 = f64x2.add(h6, c);
  c = top(h11, 255);
  h11 = f64x2.sub(h11, c);
  h0 = madd(c, wrap, h0);
  c = top(h6, 149);
  h6 = f64x2.sub(h6, c);
  h7 = f64x2.add(h7, c);
  c = top(h0, 22);
  h0 = f64x2.sub(h0, c);
  h1 = f64x2.add(h1, c);
  v128.store(out, h0, 0);
  v128.store(out, h1, 16);
  v128.store(out, h2, 32);
  v128.store(out, h3, 48);
  v128.store(out, h4, 64);
  v128.store(out, h5, 80);
  v128.store(out, h6, 96);
  v128.store(out, h7, 112);
  v128.store(out, h8, 128);
  v128.store(out, h9, 144);
  v128.store(out, h10, 160);
  v128.store(out, h11, 176);
}

/** out = f·factor, for a factor below 2^25 in absolute value; with 1, a sum is made a factor again. */
export function multiplySmall(out: usize, f: usize, factor: f64): void {
  const wrap = f64x2.splat(19 * power(-255));
  const by = f64x2.splat(factor);
  let h0 = f64x2.mul(v128.load(f, 0), by);
  let h1 = f64x2.mul(v128.load(f, 16), by);
  let h2 = f64x2.mul(v128.load(f, 32), by);
  let h3 = f64x2.mul(v128.load(f, 48), by);
  let h4 = f64x2.mul(v128.load(f, 64), by);
  let h5 = f64x2.mul(v128.load(f, 80), by);
  let h6 = f64x2.mul(v128.load(f, 96), by);
  let h7 = f64x2.mul(v128.load(f, 112), by);
  let h8 = f64x2.mul(v128.load(f, 128), by);
  let h9 = f64x2.mul(v128.load(f, 144), by);
  let h10 = f64x2.mul(v128.load(f, 160), by);
  let h11 = f64x2.mul(v128.load(f, 176), by);
  let c: v128;
  c = top(h0, 22);
  h0 = f64x2.sub(h0, c);
  h1 = f64x2.add(h1, c);
  c = top(h6, 149);
  h6 = f64x2.sub(h6, c);
  h7 = f64x2.add(h7, c);
  c = top(h1, 43);
  h1 = f64x2.sub(h1, c);
  h2 = f64x2.add(h2, c);
  c = top(h7, 170);
  h7 = f64x2.sub(h7, c);
  h8 = f64x2.add(h8, c);
  c = top(h2, 64);
  h2 = f64x2.sub(h2, c);
  h3 = f64x2.add(h3, c);
  c = top(h8, 192);
  h8 = f64x2.sub(h8, c);
  h9 = f64x2.add(h9, c);
  c = top(h3, 85);
  h3 = f64x2.sub(h3, c);
  h4 = f64x2.add(h4, c);
  c = top(h9, 213);
  h9 = f64x2.sub(h9, c);
  h10 = f64x2.add(h10, c);
  c = top(h4, 107);
  h4 = f64x2.sub(h4, c);
  h5 = f64x2.add(h5, c);
  c = top(h10, 234);
  h10 = f64x2.sub(h10, c);
  h11 = f64x2.add(h11, c);
  c = top(h5, 128);
  h5 = f64x2.sub(h5, c);
  h6 = f64x2.add(h6, c);
  c = top(h11, 255);
  h11 = f64x2.sub(h11, c);
  h0 = madd(c, wrap, h0);
  c = top(h6, 149);
  h6 = f64x2.sub(h6, c);
  h7 = f64x2.add(h7, c);
  c = top(h0, 22);
  h0 = f64x2.sub(h0, c);
  h1 = f64x2.add(h1, c);
  v128.store(out, h0, 0);
  v128.store(out, h1, 16);
  v128.store(out, h2, 32);
  v128.store(out, h3, 48);
  v128.store(out, h4, 64);
  v128.store(out, h5, 80);
  v128.store(out, h6, 96);
  v128.store(out, h7, 112);
  v128.store(out, h8, 128);
  v128.store(out, h9, 144);
  v128.store(out, h10, 160);
  v128.store(out, h11, 176);
}
