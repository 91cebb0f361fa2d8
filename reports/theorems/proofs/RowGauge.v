(* The 1-bit gauge of one row of length n: beta = |w|_1 / (sqrt n |w|_2). It lies between 1/sqrt n and 1, is 1 exactly
   on rows whose entries have one magnitude, does not know the unit of w, and whatever a rotation makes of a row, its
   lift is at most 1/beta (the Jensen ceiling).
   Matters for: beta_lift, its control on sign lattices, the pre-filter, lint. *)
From Coq Require Import Reals Lra Psatz Lia Arith.
Require Import Sums.
Open Scope R_scope.

Definition l1 n (w : nat -> R) := sum n (fun i => Rabs (w i)).
Definition sq n (w : nat -> R) := sum n (fun i => (w i)^2).
Definition l2 n w := sqrt (sq n w).
Definition beta n w := l1 n w / (sqrt (INR n) * l2 n w).
Definition beta2 n w := (l1 n w)^2 / (INR n * sq n w).
Definition nonzero n (w : nat -> R) := exists i, (i < n)%nat /\ w i <> 0.

Lemma sq_nonneg n w : 0 <= sq n w.
Proof. apply sum_nonneg; intros; apply pow2_ge_0. Qed.

Lemma sq_pos n w : nonzero n w -> 0 < sq n w.
Proof.
  intros (i & Hi & Hw). pose proof (sq_nonneg n w) as [H|H]; auto. exfalso. apply Hw.
  assert (P : forall j, (j < n)%nat -> 0 <= (w j)^2) by (intros; apply pow2_ge_0).
  pose proof (sum_zero_terms n _ P (eq_sym H) i Hi) as E. simpl in E. nra.
Qed.

Lemma nonzero_n n w : nonzero n w -> 0 < INR n.
Proof. intros (i & Hi & _). apply lt_0_INR. lia. Qed.

Lemma abs_sq x : (Rabs x)^2 = x^2.
Proof. rewrite RPow_abs. apply Rabs_pos_eq. apply pow2_ge_0. Qed.

Lemma sq_abs n w : sum n (fun i => (Rabs (w i))^2) = sq n w.
Proof. apply sum_ext; intros; apply abs_sq. Qed.

Lemma l1_nonneg n w : 0 <= l1 n w.
Proof. apply sum_nonneg; intros; apply Rabs_pos. Qed.

Lemma l1_upper n w : (l1 n w)^2 <= INR n * sq n w.
Proof. unfold l1. rewrite <- sq_abs. apply sum_sq_le. Qed.

Lemma l1_lower n w : sq n w <= (l1 n w)^2.
Proof. unfold l1. rewrite <- sq_abs. apply sum_pow2_le_pow2_sum. intros; apply Rabs_pos. Qed.

Lemma beta_squared n w : nonzero n w -> (beta n w)^2 = beta2 n w.
Proof.
  intros H. pose proof (nonzero_n _ _ H). pose proof (sq_pos _ _ H).
  unfold beta, beta2, l2, Rdiv. rewrite Rpow_mult_distr, pow_inv, Rpow_mult_distr.
  rewrite !pow2_sqrt by lra. reflexivity.
Qed.

Lemma beta_nonneg n w : nonzero n w -> 0 <= beta n w.
Proof.
  intros H. pose proof (nonzero_n _ _ H). pose proof (sq_pos _ _ H).
  unfold beta, l2. apply Rmult_le_pos; [apply l1_nonneg|].
  left. apply Rinv_0_lt_compat. apply Rmult_lt_0_compat; apply sqrt_lt_R0; auto.
Qed.

Lemma beta2_bounds n w : nonzero n w -> / INR n <= beta2 n w <= 1.
Proof.
  intros H. pose proof (nonzero_n _ _ H). pose proof (sq_pos _ _ H).
  pose proof (l1_upper n w). pose proof (l1_lower n w). unfold beta2.
  assert (0 < INR n * sq n w) by (apply Rmult_lt_0_compat; auto). split.
  - apply Rmult_le_reg_r with (INR n * sq n w); auto. unfold Rdiv. rewrite Rmult_assoc, Rinv_l by lra.
    rewrite <- Rmult_assoc, Rinv_l by lra. lra.
  - apply Rmult_le_reg_r with (INR n * sq n w); auto. unfold Rdiv. rewrite Rmult_assoc, Rinv_l by lra. lra.
Qed.

Theorem gauge_bounds n w : nonzero n w -> / sqrt (INR n) <= beta n w <= 1.
Proof.
  intros H. pose proof (beta2_bounds _ _ H) as [L U]. pose proof (beta_nonneg _ _ H).
  rewrite <- beta_squared in L, U by auto. pose proof (nonzero_n _ _ H).
  assert (0 < sqrt (INR n)) by (apply sqrt_lt_R0; auto).
  assert (0 < / sqrt (INR n)) by (apply Rinv_0_lt_compat; auto).
  split; [|nra].
  assert ((/ sqrt (INR n))^2 = / INR n) by (rewrite pow_inv, pow2_sqrt; lra). nra.
Qed.

Theorem gauge_one_iff_sign_lattice n w : nonzero n w ->
  (beta n w = 1 <-> forall i j, (i < n)%nat -> (j < n)%nat -> Rabs (w i) = Rabs (w j)).
Proof.
  intros H. pose proof (nonzero_n _ _ H). pose proof (sq_pos _ _ H).
  assert (0 < INR n * sq n w) by (apply Rmult_lt_0_compat; auto).
  assert (E : beta n w = 1 <-> (l1 n w)^2 = INR n * sq n w).
  { pose proof (beta_squared _ _ H) as B. pose proof (beta_nonneg _ _ H). split; intros X.
    - rewrite X in B. unfold beta2 in B.
      apply Rmult_eq_reg_r with (/ (INR n * sq n w)).
      + rewrite Rinv_r by lra. unfold Rdiv in B. lra.
      + apply Rinv_neq_0_compat. lra.
    - unfold beta2 in B. rewrite X in B. unfold Rdiv in B. rewrite Rinv_r in B by lra. nra. }
  rewrite E. unfold l1. rewrite <- sq_abs. apply sum_sq_eq.
Qed.

(* the Jensen ceiling: whatever v a rotation makes of w, the lift is at most 1/beta(w) *)
Theorem jensen_ceiling n w v : nonzero n w -> nonzero n v -> beta n v / beta n w <= / beta n w.
Proof.
  intros H K. pose proof (gauge_bounds _ _ H) as [L _]. pose proof (gauge_bounds _ _ K) as [_ U].
  pose proof (nonzero_n _ _ H). assert (0 < sqrt (INR n)) by (apply sqrt_lt_R0; auto).
  assert (0 < / sqrt (INR n)) by (apply Rinv_0_lt_compat; auto).
  assert (0 < beta n w) by lra. assert (0 < / beta n w) by (apply Rinv_0_lt_compat; auto).
  unfold Rdiv. nra.
Qed.

Theorem sign_gauge_is_scale_free n c w : 0 < c -> nonzero n w -> beta n (fun i => c * w i) = beta n w.
Proof.
  intros Hc H. pose proof (nonzero_n _ _ H). pose proof (sq_pos _ _ H).
  unfold beta, l2. assert (L : l1 n (fun i => c * w i) = c * l1 n w).
  { unfold l1. rewrite <- sum_scal. apply sum_ext; intros. rewrite Rabs_mult, (Rabs_right c); lra. }
  assert (S : sq n (fun i => c * w i) = c^2 * sq n w).
  { unfold sq. rewrite <- sum_scal. apply sum_ext; intros. ring. }
  rewrite L, S, sqrt_mult, sqrt_pow2 by (try apply pow2_ge_0; lra).
  assert (0 < sqrt (INR n)) by (apply sqrt_lt_R0; auto). assert (0 < sqrt (sq n w)) by (apply sqrt_lt_R0; auto).
  field. repeat split; lra.
Qed.
