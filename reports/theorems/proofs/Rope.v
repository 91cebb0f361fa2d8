(* Which rotations of the keys can be folded into the weights before a rotary embedding. Within a pair of coordinates
   that turns, only scalings and turns commute with it, and pairs that turn at different speeds cannot be mixed. 2x2
   blocks [[a, b], [c, d]]; the embedding turns by an angle with cosine u and sine v.
   Matters for: claims about rotations of the key cache. *)
From Coq Require Import Reals Lra Psatz.
Open Scope R_scope.

Record mat := M { m11 : R; m12 : R; m21 : R; m22 : R }.
Definition mm X Y := M (m11 X * m11 Y + m12 X * m21 Y) (m11 X * m12 Y + m12 X * m22 Y)
                       (m21 X * m11 Y + m22 X * m21 Y) (m21 X * m12 Y + m22 X * m22 Y).
Definition rot u v := M u (-v) v u.

(* the commutant of one block: complex scalars aI + bJ *)
Theorem rope_block_commutant X u v : v <> 0 ->
  (mm X (rot u v) = mm (rot u v) X <-> m22 X = m11 X /\ m21 X = - m12 X).
Proof.
  intros Hv. destruct X as [a b c d]. unfold mm, rot; simpl. split.
  - intros E. injection E. intros E22 E21 E12 E11. split; apply Rmult_eq_reg_r with v; auto; lra.
  - intros [E1 E2]. rewrite E1, E2. f_equal; ring.
Qed.

(* two blocks that turn at different speeds cannot be mixed at all *)
Theorem rope_no_mixing X u v s t : u * u + v * v = 1 -> s * s + t * t = 1 -> u <> s ->
  mm X (rot u v) = mm (rot s t) X -> X = M 0 0 0 0.
Proof.
  intros A B N E. destruct X as [a b c d]. unfold mm, rot in E; simpl in E. injection E. clear E.
  intros E22 E21 E12 E11.
  (* a turn R satisfies R R = 2 u R - 1; so X R R = (turn by s,t) twice X gives (u - s) X R = 0, entry by entry *)
  assert (Z : u - s <> 0) by lra.
  assert (S1 : u * (a * u + b * v) + v * (a * - v + b * u) = s * (a * u + b * v) - t * (c * u + d * v)).
  { transitivity (u * (s * a + - t * c) + v * (s * b + - t * d)); [rewrite <- E11, <- E12; ring|ring]. }
  assert (T1 : s * (a * u + b * v) - t * (c * u + d * v) = 2 * s * (a * u + b * v) - a * (s * s + t * t)) by
    (rewrite E11, E21; ring).
  assert (S2 : - v * (a * u + b * v) + u * (a * - v + b * u) = s * (a * - v + b * u) - t * (c * - v + d * u)).
  { transitivity (- v * (s * a + - t * c) + u * (s * b + - t * d)); [rewrite <- E11, <- E12; ring|ring]. }
  assert (T2 : s * (a * - v + b * u) - t * (c * - v + d * u) = 2 * s * (a * - v + b * u) - b * (s * s + t * t)) by
    (rewrite E12, E22; ring).
  assert (S3 : u * (c * u + d * v) + v * (c * - v + d * u) = t * (a * u + b * v) + s * (c * u + d * v)).
  { transitivity (u * (t * a + s * c) + v * (t * b + s * d)); [rewrite <- E21, <- E22; ring|ring]. }
  assert (T3 : t * (a * u + b * v) + s * (c * u + d * v) = 2 * s * (c * u + d * v) - c * (s * s + t * t)) by
    (rewrite E11, E21; ring).
  assert (S4 : - v * (c * u + d * v) + u * (c * - v + d * u) = t * (a * - v + b * u) + s * (c * - v + d * u)).
  { transitivity (- v * (t * a + s * c) + u * (t * b + s * d)); [rewrite <- E21, <- E22; ring|ring]. }
  assert (T4 : t * (a * - v + b * u) + s * (c * - v + d * u) = 2 * s * (c * - v + d * u) - d * (s * s + t * t)) by
    (rewrite E12, E22; ring).
  assert (R1 : u * (a * u + b * v) + v * (a * - v + b * u) = 2 * u * (a * u + b * v) - a * (u * u + v * v)) by ring.
  assert (R2 : - v * (a * u + b * v) + u * (a * - v + b * u) = 2 * u * (a * - v + b * u) - b * (u * u + v * v)) by
    ring.
  assert (R3 : u * (c * u + d * v) + v * (c * - v + d * u) = 2 * u * (c * u + d * v) - c * (u * u + v * v)) by ring.
  assert (R4 : - v * (c * u + d * v) + u * (c * - v + d * u) = 2 * u * (c * - v + d * u) - d * (u * u + v * v)) by
    ring.
  rewrite A in *. rewrite B in *. clear E11 E12 E21 E22.
  set (p := a * u + b * v) in *. set (q := a * - v + b * u) in *. set (r := c * u + d * v) in *.
  set (w := c * - v + d * u) in *.
  assert (P1 : (u - s) * p = 0) by lra. assert (P2 : (u - s) * q = 0) by lra.
  assert (P3 : (u - s) * r = 0) by lra. assert (P4 : (u - s) * w = 0) by lra.
  apply Rmult_integral in P1. apply Rmult_integral in P2. apply Rmult_integral in P3. apply Rmult_integral in P4.
  destruct P1 as [|P1]; [lra|]. destruct P2 as [|P2]; [lra|]. destruct P3 as [|P3]; [lra|]. destruct P4 as [|P4];
    [lra|].
  assert (Ha : a * (u * u + v * v) = u * p - v * q) by (unfold p, q; ring).
  assert (Hb : b * (u * u + v * v) = v * p + u * q) by (unfold p, q; ring).
  assert (Hc : c * (u * u + v * v) = u * r - v * w) by (unfold r, w; ring).
  assert (Hd : d * (u * u + v * v) = v * r + u * w) by (unfold r, w; ring).
  rewrite A, ?P1, ?P2, ?P3, ?P4 in *. f_equal; lra.
Qed.
