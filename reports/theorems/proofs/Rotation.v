(* What a rotation M of the input side cannot change, and what that leaves for a threshold on lift to ask. Gram matrix
   (so the spectrum), row norms and energy of W M are those of W, a layer computes (W M)(M^T x) = W x, and attention
   scores do not change where queries and keys turn together. So the lift is at most 1/beta(W) and at most sqrt n, and
   a threshold t needs beta(W) <= 1/t. A lattice of signs behind a rotation attains 1/beta(W).
   Matters for: every claim about rotations; narrow_d, which no rotation can move; the trap trivial_pass; lint. *)
From Coq Require Import Reals Lra Psatz Lia Arith.
Require Import Sums RowGauge OneBitResidual MatrixGauge.
Open Scope R_scope.

Definition mul n (W M : nat -> nat -> R) := fun i l => sum n (fun j => W i j * M j l).

(* M M^T = I on the first n indices *)
Definition orthogonal n (M : nat -> nat -> R) :=
  forall j k, (j < n)%nat -> (k < n)%nat -> sum n (fun l => M j l * M k l) = delta j k.

Theorem gram_invariant n (M W V : nat -> nat -> R) i k : orthogonal n M ->
  sum n (fun l => mul n W M i l * mul n V M k l) = sum n (fun j => W i j * V k j).
Proof.
  intros O. unfold mul.
  rewrite (sum_ext n _ (fun l => sum n (fun a => sum n (fun b => (W i a * V k b) * (M a l * M b l))))).
  2:{ intros l _. rewrite sum_mult. apply sum_ext; intros a _. apply sum_ext; intros b _. ring. }
  rewrite sum_swap.
  rewrite (sum_ext n _ (fun a => W i a * V k a)); [reflexivity|]. intros a Ha.
  rewrite sum_swap.
  rewrite (sum_ext n _ (fun b => delta a b * (W i a * V k b))).
  - rewrite sum_delta by auto. reflexivity.
  - intros b Hb. rewrite sum_scal, O by auto. ring.
Qed.

Theorem row_norm_invariant n M W i : orthogonal n M -> sq n (mul n W M i) = sq n (W i).
Proof.
  intros O. unfold sq. rewrite (sum_ext n _ (fun l => mul n W M i l * mul n W M i l)) by (intros; ring).
  rewrite gram_invariant by auto. apply sum_ext; intros; ring.
Qed.

Theorem frobenius_invariant m n M W : orthogonal n M -> frob2 m n (mul n W M) = frob2 m n W.
Proof. intros O. apply sum_ext; intros. apply row_norm_invariant; auto. Qed.

(* (W M)(M^T x) = W x, entry i *)
Theorem layer_gauge n M W x i : orthogonal n M ->
  sum n (fun l => mul n W M i l * sum n (fun j => M j l * x j)) = sum n (fun j => W i j * x j).
Proof.
  intros O. rewrite <- (gram_invariant n M W (fun _ => x) i 0%nat O). apply sum_ext. intros l _. f_equal.
  apply sum_ext. intros; ring.
Qed.

(* attention scores: rotating query and key by the same R changes nothing *)
Theorem attention_score_gauge_invariance n M (q k : nat -> R) : orthogonal n M ->
  sum n (fun l => sum n (fun j => q j * M j l) * sum n (fun j => k j * M j l)) = sum n (fun j => q j * k j).
Proof. intros O. exact (gram_invariant n M (fun _ => q) (fun _ => k) 0%nat 0%nat O). Qed.

(* the ceiling for a rotated matrix; the energy never moves, so only the l1 norms can *)
Theorem rotation_lift_ceiling m n M W : (0 < n)%nat -> 0 < frob2 m n W -> orthogonal n M ->
  mbeta m n (mul n W M) / mbeta m n W <= / mbeta m n W /\
  mbeta m n (mul n W M) / mbeta m n W <= sqrt (INR n).
Proof.
  intros Hn HF O. assert (HV : 0 < frob2 m n (mul n W M)) by (rewrite frobenius_invariant; auto).
  pose proof (matrix_jensen_ceiling m n W (mul n W M) Hn HF HV) as C. split; [exact C|].
  eapply Rle_trans; [exact C|].
  pose proof (matrix_gauge_bounds m n W Hn HF) as [L _].
  assert (0 < INR n) by (apply lt_0_INR; auto).
  assert (P : 0 < / INR n) by (apply Rinv_0_lt_compat; auto).
  assert (E : / sqrt (INR n) <= mbeta m n W).
  { rewrite <- sqrt_inv. apply sqrt_le_1_alt. auto. }
  assert (0 < sqrt (INR n)) by (apply sqrt_lt_R0; auto).
  assert (0 < / sqrt (INR n)) by (apply Rinv_0_lt_compat; auto).
  rewrite <- (Rinv_inv (sqrt (INR n))). apply Rinv_le_contravar; auto.
Qed.

(* a threshold t on lift is reachable only from beta <= 1/t, whatever the rotation *)
Theorem threshold_needs_low_beta m n M W t : (0 < n)%nat -> 0 < frob2 m n W -> orthogonal n M -> 0 < t ->
  t <= mbeta m n (mul n W M) / mbeta m n W -> mbeta m n W <= / t.
Proof.
  intros Hn HF O Ht H. pose proof (rotation_lift_ceiling m n M W Hn HF O) as [C _].
  pose proof (matrix_gauge_bounds m n W Hn HF) as [L _].
  assert (0 < INR n) by (apply lt_0_INR; auto).
  assert (P : 0 < / INR n) by (apply Rinv_0_lt_compat; auto).
  assert (B : 0 < mbeta m n W) by (apply sqrt_lt_R0; lra).
  rewrite <- (Rinv_inv (mbeta m n W)). apply Rinv_le_contravar; [auto|]. lra.
Qed.

Theorem lift_1_5_out_of_reach m n M W : (0 < n)%nat -> 0 < frob2 m n W -> orthogonal n M ->
  667/1000 <= mbeta m n W -> mbeta m n (mul n W M) / mbeta m n W < 3/2.
Proof.
  intros Hn HF O HB. pose proof (rotation_lift_ceiling m n M W Hn HF O) as [C _].
  eapply Rle_lt_trans; [exact C|]. assert (/ mbeta m n W <= / (667/1000)) by (apply Rinv_le_contravar; lra). lra.
Qed.

(* rows of one magnitude behind a rotation R, W = D S R^T: turned back, they attain the ceiling *)
Theorem sign_lattice_attains_the_ceiling m n (d : nat -> R) (s R : nat -> nat -> R) :
  (0 < n)%nat -> orthogonal n (fun l j => R j l) -> (forall i, (i < m)%nat -> code n (s i)) ->
  0 < sum m (fun i => (d i)^2) -> mbeta2 m n (mul n (fun i j => sum n (fun l => d i * s i l * R j l)) R) = 1.
Proof.
  intros Hn O C D. set (V := mul n (fun i j => sum n (fun l => d i * s i l * R j l)) R).
  assert (E : forall i k, (k < n)%nat -> V i k = d i * s i k).
  { intros i k Hk. unfold V, mul. rewrite <- (sum_delta n k (fun l => d i * s i l) Hk).
    rewrite (sum_ext n _ (fun j => sum n (fun l => (d i * s i l) * (R j l * R j k)))).
    - rewrite sum_swap. apply sum_ext. intros l Hl. rewrite sum_scal, (O l k Hl Hk).
      unfold delta. rewrite Nat.eqb_sym. ring.
    - intros j _. rewrite <- sum_scal_r. apply sum_ext. intros; ring. }
  assert (A : forall i k, (i < m)%nat -> (k < n)%nat -> Rabs (V i k) = Rabs (d i)).
  { intros i k Hi Hk. rewrite E, Rabs_mult by auto.
    destruct (C i Hi k Hk) as [G|G]; rewrite G; [rewrite (Rabs_right 1) by lra|rewrite (Rabs_left (-1)) by lra]; lra. }
  assert (F : 0 < frob2 m n V).
  { unfold frob2. rewrite (sum_ext m _ (fun i => INR n * (d i)^2)).
    - rewrite sum_scal. apply Rmult_lt_0_compat; [apply lt_0_INR|]; auto.
    - intros i Hi. unfold sq. rewrite (sum_ext n _ (fun _ => (d i)^2)); [apply sum_const|]. intros k Hk.
      rewrite <- (abs_sq (V i k)), A, abs_sq by auto. reflexivity. }
  apply (matrix_gauge_one_iff m n V Hn F). intros i Hi j k Hj Hk. rewrite !A; auto.
Qed.
