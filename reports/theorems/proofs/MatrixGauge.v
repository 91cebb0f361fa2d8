(* The gauge of a matrix of m rows of width n: beta^2 = sum_i |w_i|_1^2 / (n |W|^2). It is the mean of the rows' own
   gauges, squared and weighted by their energy; it lies between 1/sqrt n and 1, is 1 exactly where each row has
   entries of one magnitude, and no rotation lifts it by more than 1/beta. One bit per weight and one scale per row
   lose the share 1 - beta^2 of the energy of W, and nothing of that form loses less.
   Matters for: beta_lift, one_bit_nll, the Jensen ceiling in pre-filter and lint. *)
From Coq Require Import Reals Lra Psatz Lia Arith.
Require Import Sums RowGauge OneBitResidual.
Open Scope R_scope.

(* matrices: m rows of width n *)
Definition frob2 m n (W : nat -> nat -> R) := sum m (fun i => sq n (W i)).
Definition mbeta2 m n W := sum m (fun i => (l1 n (W i))^2) / (INR n * frob2 m n W).
Definition mbeta m n W := sqrt (mbeta2 m n W).

Lemma frob2_nonneg m n W : 0 <= frob2 m n W.
Proof. apply sum_nonneg; intros; apply sq_nonneg. Qed.

Theorem matrix_gauge_bounds m n W : (0 < n)%nat -> 0 < frob2 m n W -> / INR n <= mbeta2 m n W <= 1.
Proof.
  intros Hn HF. assert (0 < INR n) by (apply lt_0_INR; auto).
  assert (P : 0 < INR n * frob2 m n W) by (apply Rmult_lt_0_compat; auto).
  assert (U : sum m (fun i => (l1 n (W i))^2) <= INR n * frob2 m n W).
  { unfold frob2. rewrite <- sum_scal. apply sum_le. intros; apply l1_upper. }
  assert (L : frob2 m n W <= sum m (fun i => (l1 n (W i))^2)).
  { apply sum_le. intros; apply l1_lower. }
  unfold mbeta2. split; apply Rmult_le_reg_r with (INR n * frob2 m n W); auto;
  unfold Rdiv; rewrite (Rmult_assoc _ (/ (INR n * frob2 m n W))), Rinv_l by lra.
  - rewrite <- Rmult_assoc, Rinv_l by lra. lra.
  - lra.
Qed.

(* energy-weighted mean of the rows' own gauges *)
Theorem matrix_gauge_is_energy_weighted m n W : (0 < n)%nat -> 0 < frob2 m n W ->
  (forall i, (i < m)%nat -> 0 < sq n (W i)) ->
  mbeta2 m n W = sum m (fun i => (sq n (W i) / frob2 m n W) * beta2 n (W i)).
Proof.
  intros Hn HF Hr. assert (0 < INR n) by (apply lt_0_INR; auto). unfold mbeta2, Rdiv at 1.
  rewrite <- sum_scal_r. apply sum_ext. intros i Hi. specialize (Hr i Hi). unfold beta2. field. repeat split; lra.
Qed.

Theorem matrix_gauge_one_iff m n W : (0 < n)%nat -> 0 < frob2 m n W ->
  (mbeta2 m n W = 1 <-> forall i, (i < m)%nat -> forall j k, (j < n)%nat -> (k < n)%nat ->
     Rabs (W i j) = Rabs (W i k)).
Proof.
  intros Hn HF. assert (0 < INR n) by (apply lt_0_INR; auto).
  assert (P : 0 < INR n * frob2 m n W) by (apply Rmult_lt_0_compat; auto).
  assert (D : forall i, (i < m)%nat -> 0 <= INR n * sq n (W i) - (l1 n (W i))^2).
  { intros. pose proof (l1_upper n (W i)). lra. }
  assert (E : mbeta2 m n W = 1 <-> sum m (fun i => INR n * sq n (W i) - (l1 n (W i))^2) = 0).
  { rewrite sum_minus, sum_scal. change (sum m (fun i => sq n (W i))) with (frob2 m n W). unfold mbeta2. split;
    intros X.
    - apply (f_equal (fun t => t * (INR n * frob2 m n W))) in X. unfold Rdiv in X.
      rewrite Rmult_assoc, Rinv_l in X by lra. lra.
    - apply Rmult_eq_reg_r with (INR n * frob2 m n W); [|lra]. unfold Rdiv. rewrite Rmult_assoc, Rinv_l by lra. lra. }
  rewrite E. split.
  - intros Z i Hi. pose proof (sum_zero_terms m _ D Z i Hi) as Q. simpl in Q.
    assert (Q' : (sum n (fun j => Rabs (W i j)))^2 = INR n * sum n (fun j => (Rabs (W i j))^2)).
    { rewrite sq_abs. unfold l1 in Q. lra. }
    pose proof (proj1 (sum_sq_eq n (fun j => Rabs (W i j))) Q') as A. exact A.
  - intros A. rewrite (sum_ext m _ (fun _ => 0)); [apply sum_zero|]. intros i Hi.
    assert (Q' : (sum n (fun j => Rabs (W i j)))^2 = INR n * sum n (fun j => (Rabs (W i j))^2)).
    { apply (proj2 (sum_sq_eq n (fun j => Rabs (W i j)))). intros; apply A; auto. }
    rewrite sq_abs in Q'. unfold l1. lra.
Qed.

Definition mresidual m n (W : nat -> nat -> R) (a : nat -> R) (s : nat -> nat -> R) :=
  sum m (fun i => residual n (W i) (a i) (s i)).

Theorem matrix_residual_energy m n W s : (0 < n)%nat -> 0 < frob2 m n W ->
  (forall i, (i < m)%nat -> sign_of n (s i) (W i)) ->
  mresidual m n W (fun i => l1 n (W i) / INR n) s / frob2 m n W = 1 - mbeta2 m n W.
Proof.
  intros Hn HF Hs. assert (0 < INR n) by (apply lt_0_INR; auto). unfold mresidual, mbeta2.
  rewrite (sum_ext m _ (fun i => sq n (W i) - / INR n * (l1 n (W i))^2)).
  - rewrite sum_minus, sum_scal. change (sum m (fun i => sq n (W i))) with (frob2 m n W). field. lra.
  - intros i Hi. rewrite residual_square; auto. field. lra.
Qed.

Theorem matrix_residual_optimal m n W a s : (0 < n)%nat -> 0 < frob2 m n W ->
  (forall i, (i < m)%nat -> code n (s i)) -> (forall i, (i < m)%nat -> nonzero n (W i)) ->
  1 - mbeta2 m n W <= mresidual m n W a s / frob2 m n W.
Proof.
  intros Hn HF Hc Hz. assert (0 < INR n) by (apply lt_0_INR; auto).
  assert (L : sum m (fun i => sq n (W i) - / INR n * (l1 n (W i))^2) <= mresidual m n W a s).
  { apply sum_le. intros i Hi. pose proof (residual_optimal n (W i) (a i) (s i) (Hz i Hi) (Hc i Hi)) as R.
    rewrite beta_squared in R by auto. pose proof (sq_pos _ _ (Hz i Hi)).
    apply Rmult_le_compat_r with (r := sq n (W i)) in R; [|lra].
    unfold Rdiv in R. rewrite (Rmult_assoc _ (/ sq n (W i))), Rinv_l in R by lra. unfold beta2 in R.
    replace ((1 - (l1 n (W i))^2 / (INR n * sq n (W i))) * sq n (W i))
      with (sq n (W i) - / INR n * (l1 n (W i))^2) in R by (field; lra). lra. }
  rewrite sum_minus, sum_scal in L. change (sum m (fun i => sq n (W i))) with (frob2 m n W) in L.
  unfold mbeta2. apply Rmult_le_reg_r with (frob2 m n W); auto.
  unfold Rdiv at 2. rewrite Rmult_assoc, Rinv_l by lra.
  replace ((1 - sum m (fun i => (l1 n (W i))^2) / (INR n * frob2 m n W)) * frob2 m n W)
    with (frob2 m n W - / INR n * sum m (fun i => (l1 n (W i))^2)) by (field; lra). lra.
Qed.

Theorem matrix_jensen_ceiling m n W V : (0 < n)%nat -> 0 < frob2 m n W -> 0 < frob2 m n V ->
  mbeta m n V / mbeta m n W <= / mbeta m n W.
Proof.
  intros Hn HW HV. pose proof (matrix_gauge_bounds m n W Hn HW) as [L _].
  pose proof (matrix_gauge_bounds m n V Hn HV) as [_ U].
  assert (0 < INR n) by (apply lt_0_INR; auto). assert (0 < / INR n) by (apply Rinv_0_lt_compat; auto).
  assert (0 < mbeta m n W) by (apply sqrt_lt_R0; lra).
  assert (mbeta m n V <= 1) by (rewrite <- sqrt_1; apply sqrt_le_1_alt; auto).
  assert (0 < / mbeta m n W) by (apply Rinv_0_lt_compat; auto). unfold Rdiv. nra.
Qed.
