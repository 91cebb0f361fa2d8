(* How much a layer may lose where L layers together may lose a share t: 1 + r at most the L-th root of 1 + t. Of 5 %
   over 30 layers, 0.17 % a layer is too much.
   Matters for: what is said beside one_bit_nll of errors that compound with depth. *)
From Coq Require Import Reals Lra Psatz Lia Arith.
Open Scope R_scope.

(* a scheme of depth L with per-layer factor 1+r keeps within 1+t iff r is below the root *)
Theorem depth_budget (L : nat) r t : (0 < L)%nat -> 0 <= r -> 0 <= t ->
  ((1 + r)^L <= 1 + t <-> 1 + r <= Rpower (1 + t) (/ INR L)).
Proof.
  intros HL Hr Ht. assert (0 < INR L) by (apply lt_0_INR; auto).
  assert (P : (1 + r)^L = Rpower (1 + r) (INR L)) by (symmetry; apply Rpower_pow; lra). rewrite P.
  assert (Q : 1 + t = Rpower (Rpower (1 + t) (/ INR L)) (INR L)).
  { rewrite Rpower_mult, Rinv_l by lra. rewrite Rpower_1; lra. }
  split; intros H1.
  - destruct (Rle_or_lt (1 + r) (Rpower (1 + t) (/ INR L))) as [|C]; auto. exfalso.
    assert (0 < Rpower (1 + t) (/ INR L)) by apply exp_pos.
    assert (Rpower (Rpower (1 + t) (/ INR L)) (INR L) < Rpower (1 + r) (INR L)).
    { unfold Rpower at 1 3. apply exp_increasing. apply Rmult_lt_compat_l; auto. apply ln_increasing; auto. }
    lra.
  - rewrite Q. apply Rle_Rpower_l; lra.
Qed.

(* depth 30, 5 percent: 0.17 percent a layer is already too much *)
Theorem depth_30 : Rpower (105/100) (/ INR 30) < 1 + 17/10000.
Proof.
  destruct (Rle_or_lt (1 + 17/10000) (Rpower (105/100) (/ INR 30))) as [H|]; auto. exfalso.
  replace (105/100) with (1 + 5/100) in H by lra.
  apply (depth_budget 30 (17/10000) (5/100)) in H; [|lia|lra|lra]. simpl in H. lra.
Qed.
