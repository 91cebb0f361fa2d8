(* A rotation that matrices share lifts them by no less than the worst and no more than the best of them. So for the
   mean of the ratios after/before, for the ratio of sums, and for the pooled gauge (root of the mean square, matrices
   of unit norm).
   Matters for: beta_lift, of designs that learn one rotation a layer; a layer's mean cannot exceed its best matrix. *)
From Coq Require Import Reals Lra Psatz Lia Arith.
Require Import Sums.
Open Scope R_scope.

Theorem mean_of_ratios_between m a b lo hi : (0 < m)%nat -> (forall k, (k < m)%nat -> lo <= a k / b k <= hi) ->
  lo <= sum m (fun k => a k / b k) / INR m <= hi.
Proof.
  intros Hm H. assert (0 < INR m) by (apply lt_0_INR; auto).
  assert (L : INR m * lo <= sum m (fun k => a k / b k)) by (rewrite <- sum_const; apply sum_le; intros; apply H;
    auto).
  assert (U : sum m (fun k => a k / b k) <= INR m * hi) by (rewrite <- sum_const; apply sum_le; intros; apply H;
    auto).
  set (s := sum m (fun k => a k / b k)) in *.
  split; apply Rmult_le_reg_r with (INR m); auto; unfold Rdiv; rewrite ?(Rmult_assoc s), ?Rinv_l by lra; lra.
Qed.

Theorem pooled_ratio_between m a b lo hi : (0 < m)%nat -> (forall k, (k < m)%nat -> 0 < b k) ->
  (forall k, (k < m)%nat -> lo <= a k / b k <= hi) -> lo <= sum m a / sum m b <= hi.
Proof.
  intros Hm B H.
  assert (S : 0 < sum m b).
  { destruct m; [lia|]. cbn [sum]. pose proof (B m (Nat.lt_succ_diag_r m)).
    assert (0 <= sum m b) by (apply sum_nonneg; intros; left; apply B; lia). lra. }
  assert (E : forall k, (k < m)%nat -> lo * b k <= a k <= hi * b k).
  { intros k Hk. specialize (H k Hk). specialize (B k Hk).
    replace (a k) with (a k / b k * b k) by (field; lra). split; apply Rmult_le_compat_r; lra. }
  assert (L : lo * sum m b <= sum m a) by (rewrite <- sum_scal; apply sum_le; intros; apply E; auto).
  assert (U : sum m a <= hi * sum m b) by (rewrite <- sum_scal; apply sum_le; intros; apply E; auto).
  split; apply Rmult_le_reg_r with (sum m b); auto; unfold Rdiv; rewrite Rmult_assoc, Rinv_l by lra; lra.
Qed.

(* the pooled beta is the root of the mean of squares: matrices of unit Frobenius norm *)
Theorem pooled_lift_between m (after before : nat -> R) lo hi : (0 < m)%nat -> 0 <= lo ->
  (forall k, (k < m)%nat -> 0 < before k) -> (forall k, (k < m)%nat -> lo <= after k / before k <= hi) ->
  lo <= sqrt (sum m (fun k => (after k)^2)) / sqrt (sum m (fun k => (before k)^2)) <= hi.
Proof.
  intros Hm Hlo B H.
  assert (Hhi : 0 <= hi) by (specialize (H 0%nat Hm); lra).
  assert (P : forall k, (k < m)%nat -> 0 < (before k)^2) by (intros; apply pow_lt; auto).
  assert (Q : lo^2 <= sum m (fun k => (after k)^2) / sum m (fun k => (before k)^2) <= hi^2).
  { apply pooled_ratio_between; auto. intros k Hk. specialize (H k Hk). specialize (B k Hk).
    replace ((after k)^2 / (before k)^2) with ((after k / before k)^2) by (field; lra).
    split; apply pow_incr; lra. }
  assert (S : 0 < sum m (fun k => (before k)^2)).
  { destruct m; [lia|]. cbn [sum]. pose proof (P m (Nat.lt_succ_diag_r m)).
    assert (0 <= sum m (fun k => before k ^ 2)) by (apply sum_nonneg; intros; apply pow2_ge_0). lra. }
  rewrite <- sqrt_div_alt by auto. rewrite <- (sqrt_pow2 lo), <- (sqrt_pow2 hi) by auto.
  split; apply sqrt_le_1_alt; lra.
Qed.
