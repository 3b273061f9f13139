/**
 * Squares in the field of 2^255 − 19, two at a time: the lanes of a vector are numbers of their own. An element is twelve
 * doubles, limb i a multiple of 2^⌈21.25·i⌉. Limbs are as in `product.ts`. AssemblyScript, not TypeScript; pure.
 *
 * @see Bernstein, Curve25519: new Diffie-Hellman speed records, PKC 2006, §4: doubles, and sums of them that are exact.
 */
import { madd, power, top } from "./double.ts";

/** out = f², which may be the same place: every pair of limbs once. */
export function square(out: usize, f: usize): void {
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
  const f0d = f64x2.add(f0, f0);
  const f1d = f64x2.add(f1, f1);
  const f2d = f64x2.add(f2, f2);
  const f3d = f64x2.add(f3, f3);
  const f4d = f64x2.add(f4, f4);
  const f5d = f64x2.add(f5, f5);
  const f6d = f64x2.add(f6, f6);
  const f7d = f64x2.add(f7, f7);
  const f8d = f64x2.add(f8, f8);
  const f9d = f64x2.add(f9, f9);
  const f10d = f64x2.add(f10, f10);
  const f6w = f64x2.mul(f6, wrap);
  const f7w = f64x2.mul(f7, wrap);
  const f8w = f64x2.mul(f8, wrap);
  const f9w = f64x2.mul(f9, wrap);
  const f10w = f64x2.mul(f10, wrap);
  const f11w = f64x2.mul(f11, wrap);
  let h0 = madd(f6, f6w, madd(f5d, f7w, madd(f4d, f8w, madd(f3d, f9w, madd(f2d, f10w,
    madd(f1d, f11w, f64x2.mul(f0, f0)))))));
  let h1 = madd(f6d, f7w, madd(f5d, f8w, madd(f4d, f9w, madd(f3d, f10w, madd(f2d, f11w,
    f64x2.mul(f0d, f1))))));
  let h2 = madd(f7, f7w, madd(f6d, f8w, madd(f5d, f9w, madd(f4d, f10w, madd(f3d, f11w,
    madd(f1, f1, f64x2.mul(f0d, f2)))))));
  let h3 = madd(f7d, f8w, madd(f6d, f9w, madd(f5d, f10w, madd(f4d, f11w, madd(f1d, f2,
    f64x2.mul(f0d, f3))))));
  let h4 = madd(f8, f8w, madd(f7d, f9w, madd(f6d, f10w, madd(f5d, f11w, madd(f2, f2, madd(f1d, f3,
    f64x2.mul(f0d, f4)))))));
  let h5 = madd(f8d, f9w, madd(f7d, f10w, madd(f6d, f11w, madd(f2d, f3, madd(f1d, f4,
    f64x2.mul(f0d, f5))))));
  let h6 = madd(f9, f9w, madd(f8d, f10w, madd(f7d, f11w, madd(f3, f3, madd(f2d, f4, madd(f1d, f5,
    f64x2.mul(f0d, f6)))))));
  let h7 = madd(f9d, f10w, madd(f8d, f11w, madd(f3d, f4, madd(f2d, f5, madd(f1d, f6,
    f64x2.mul(f0d, f7))))));
  let h8 = madd(f10, f10w, madd(f9d, f11w, madd(f4, f4, madd(f3d, f5, madd(f2d, f6, madd(f1d, f7,
    f64x2.mul(f0d, f8)))))));
  let h9 = madd(f10d, f11w, madd(f4d, f5, madd(f3d, f6, madd(f2d, f7, madd(f1d, f8,
    f64x2.mul(f0d, f9))))));
  let h10 = madd(f11, f11w, madd(f5, f5, madd(f4d, f6, madd(f3d, f7, madd(f2d, f8, madd(f1d, f9,
    f64x2.mul(f0d, f10)))))));
  let h11 = madd(f5d, f6, madd(f4d, f7, madd(f3d, f8, madd(f2d, f9, madd(f1d, f10,
    f64x2.mul(f0d, f11))))));
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
