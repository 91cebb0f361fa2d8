(* What one bit per weight and one scale lose of a row: exactly the share 1 - beta^2 of its energy. The least-squares
   scale |w|_1 / n reaches it, no other scale does, and no other choice of signs and scale loses less. The gauge is
   the cosine between a row and its signs.
   Matters for: one_bit_nll and every rung that quantises to one bit. *)
From Coq Require Import Reals Lra Psatz Lia Arith.
Require Import Sums RowGauge.
Open Scope R_scope.

(* A code for w: one sign per coordinate. *)
Definition code n (s : nat -> R) := forall i, (i < n)%nat -> s i = 1 \/ s i = -1.
Definition sign_of n (s w : nat -> R) := code n s /\ forall i, (i < n)%nat -> s i * w i = Rabs (w i).
Definition residual n w a (s : nat -> R) := sum n (fun i => (w i - a * s i)^2).

Lemma residual_expand n w a s : code n s ->
  residual n w a s = sq n w - 2 * a * sum n (fun i => s i * w i) + a^2 * INR n.
Proof.
  intros C. unfold residual, sq.
  rewrite (sum_ext n _ (fun i => (w i)^2 - (2 * a) * (s i * w i) + a^2)).
  - rewrite (sum_plus n (fun i => (w i)^2 - 2 * a * (s i * w i)) (fun _ => a^2)).
    rewrite sum_minus, sum_scal, sum_const. ring.
  - intros i Hi. destruct (C i Hi) as [E|E]; rewrite E; ring.
Qed.

(* the identity behind (3): a square around the least-squares scale *)
Theorem residual_square n w a s : (0 < n)%nat -> sign_of n s w ->
  residual n w a s = (sq n w - (l1 n w)^2 / INR n) + INR n * (a - l1 n w / INR n)^2.
Proof.
  intros Hn [C E]. rewrite residual_expand by auto.
  assert (0 < INR n) by (apply lt_0_INR; auto).
  replace (sum n (fun i => s i * w i)) with (l1 n w) by (symmetry; apply sum_ext; auto).
  field. lra.
Qed.

Theorem residual_energy n w s : nonzero n w -> sign_of n s w ->
  residual n w (l1 n w / INR n) s / sq n w = 1 - (beta n w)^2.
Proof.
  intros H S. pose proof (nonzero_n _ _ H). pose proof (sq_pos _ _ H).
  rewrite residual_square; auto; [|apply INR_lt; simpl; lra].
  rewrite beta_squared by auto. unfold beta2. field. lra.
Qed.

(* the gauge is the cosine between a row and its signs *)
Theorem gauge_is_sign_cosine n w s : nonzero n w -> sign_of n s w ->
  sum n (fun i => s i * w i) / (l2 n w * l2 n s) = beta n w.
Proof.
  intros H [C E]. pose proof (nonzero_n _ _ H). pose proof (sq_pos _ _ H).
  replace (sum n (fun i => s i * w i)) with (l1 n w) by (symmetry; apply sum_ext; auto).
  assert (S : sq n s = INR n).
  { unfold sq. rewrite (sum_ext n _ (fun _ => 1)); [rewrite sum_const; ring|].
    intros i Hi. destruct (C i Hi) as [X|X]; rewrite X; ring. }
  unfold beta, l2. rewrite S, (Rmult_comm (sqrt (sq n w))). reflexivity.
Qed.

(* no scale and no sign vector does better *)
Theorem residual_optimal n w a s : nonzero n w -> code n s ->
  1 - (beta n w)^2 <= residual n w a s / sq n w.
Proof.
  intros H C. pose proof (nonzero_n _ _ H) as Hn. pose proof (sq_pos _ _ H) as Hs.
  rewrite beta_squared by auto. unfold beta2. rewrite residual_expand by auto.
  set (x := sum n (fun i => s i * w i)).
  assert (A : Rabs x <= l1 n w).
  { unfold x. clear -C. induction n; simpl; [unfold l1; simpl; rewrite Rabs_R0; lra|].
    unfold l1 in *. simpl.
    assert (Rabs (sum n (fun i => s i * w i)) <= sum n (fun i => Rabs (w i))).
    { apply IHn. intros i Hi. apply C. lia. }
    eapply Rle_trans; [apply Rabs_triang|].
    assert (Rabs (s n * w n) = Rabs (w n)).
    { rewrite Rabs_mult. destruct (C n (Nat.lt_succ_diag_r n)) as [E|E]; rewrite E;
      [rewrite (Rabs_right 1) by lra|rewrite (Rabs_left (-1)) by lra]; lra. }
    lra. }
  assert (X : x^2 <= (l1 n w)^2).
  { rewrite <- (abs_sq x). pose proof (Rabs_pos x). nra. }
  assert (0 <= INR n * (a - x / INR n)^2) by (apply Rmult_le_pos; [lra|apply pow2_ge_0]).
  assert (Q : sq n w - 2 * a * x + a^2 * INR n = sq n w - x^2 / INR n + INR n * (a - x / INR n)^2)
    by (field; lra).
  rewrite Q. apply Rmult_le_reg_r with (sq n w); auto.
  unfold Rdiv at 2. rewrite (Rmult_assoc _ (/ sq n w)), Rinv_l by lra.
  replace ((1 - (l1 n w)^2 / (INR n * sq n w)) * sq n w) with (sq n w - (l1 n w)^2 / INR n) by (field; lra).
  assert (x^2 / INR n <= (l1 n w)^2 / INR n).
  { apply Rmult_le_compat_r; [left; apply Rinv_0_lt_compat; auto|auto]. }
  lra.
Qed.

(* the least-squares scale is the only one that reaches it *)
Theorem residual_scale_unique n w a s : nonzero n w -> sign_of n s w ->
  residual n w a s / sq n w = 1 - (beta n w)^2 -> a = l1 n w / INR n.
Proof.
  intros H S E. pose proof (residual_energy _ _ _ H S) as F.
  pose proof (nonzero_n _ _ H). pose proof (sq_pos _ _ H).
  assert (0 < n)%nat by (apply INR_lt; simpl; lra).
  rewrite <- E in F. rewrite !residual_square in F by auto.
  assert (G : INR n * (l1 n w / INR n - l1 n w / INR n)^2 = INR n * (a - l1 n w / INR n)^2).
  { apply (f_equal (fun t => t * sq n w)) in F. unfold Rdiv in F.
    rewrite !Rmult_assoc, !Rinv_l in F by lra. unfold Rdiv. lra. }
  assert ((a - l1 n w / INR n)^2 = 0).
  { apply Rmult_eq_reg_l with (INR n); [|lra]. rewrite <- G. ring. }
  assert (a - l1 n w / INR n = 0) by nra. lra.
Qed.
