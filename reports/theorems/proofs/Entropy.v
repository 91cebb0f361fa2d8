(* The entropy of a law p on n symbols, in nats: H1 = - sum p ln p. Gibbs: no other law q describes p in fewer nats
   than H1. H1 is at most ln n and at least the collision entropy - ln sum p^2; weighting a law by its own square
   lowers it.
   Matters for: the entropy ranks beside narrow_d; W-exponent-entropy. *)
From Coq Require Import Reals Lra Psatz Lia Arith.
Require Import Sums.
Open Scope R_scope.

Lemma ln_le_sub1 x : 0 < x -> ln x <= x - 1.
Proof. intros H. pose proof (exp_ineq1_le (ln x)) as E. rewrite exp_ln in E by auto. lra. Qed.

Lemma ln_div x y : 0 < x -> 0 < y -> ln (x / y) = ln x - ln y.
Proof. intros. unfold Rdiv. rewrite ln_mult, ln_Rinv by (auto; apply Rinv_0_lt_compat; auto). ring. Qed.

Lemma ln_monotone x y : 0 < x -> x <= y -> ln x <= ln y.
Proof. intros H [L|E]; [left; apply ln_increasing; auto|rewrite E; lra]. Qed.

Lemma exp_monotone x y : x <= y -> exp x <= exp y.
Proof. intros [H|H]; [left; apply exp_increasing; auto|rewrite H; lra]. Qed.

Definition law n (p : nat -> R) := (forall i, (i < n)%nat -> 0 <= p i) /\ sum n p = 1.
Definition H1 n p := - sum n (fun i => p i * ln (p i)).
Definition cross n p q := - sum n (fun i => p i * ln (q i)).

Theorem gibbs n p q : law n p -> (forall i, (i < n)%nat -> 0 <= q i) -> sum n q <= 1 ->
  (forall i, (i < n)%nat -> 0 < p i -> 0 < q i) -> H1 n p <= cross n p q.
Proof.
  intros [P T] Q S A. unfold H1, cross.
  assert (D : sum n (fun i => p i * ln (q i) - p i * ln (p i)) <= sum n (fun i => q i - p i)).
  { apply sum_le. intros i Hi. destruct (P i Hi) as [H|H].
    - pose proof (A i Hi H) as G. pose proof (ln_le_sub1 (q i / p i)) as L.
      rewrite ln_div in L by auto. specialize (L (Rdiv_lt_0_compat _ _ G H)).
      apply Rmult_le_compat_l with (r := p i) in L; [|lra].
      replace (p i * (q i / p i - 1)) with (q i - p i) in L by (field; lra). lra.
    - rewrite <- H. pose proof (Q i Hi). lra. }
  rewrite !sum_minus in D. lra.
Qed.

Lemma law_positive n p : law n p -> (0 < n)%nat.
Proof. intros [_ T]. destruct n; [simpl in T; lra|lia]. Qed.

Theorem entropy_at_most_uniform n p : law n p -> H1 n p <= ln (INR n).
Proof.
  intros L. pose proof (law_positive _ _ L) as Hn. assert (0 < INR n) by (apply lt_0_INR; auto).
  assert (G : H1 n p <= cross n p (fun _ => / INR n)).
  { assert (0 < / INR n) by (apply Rinv_0_lt_compat; auto).
    apply gibbs; auto; try (intros; lra). rewrite sum_const, Rinv_r; lra. }
  destruct L as [_ T]. unfold cross in G. rewrite sum_scal_r, T, ln_Rinv in G by auto. lra.
Qed.

Theorem entropy_at_least_collision n p : law n p -> - ln (sum n (fun i => (p i)^2)) <= H1 n p.
Proof.
  intros [P T]. set (a := sum n (fun i => (p i)^2)).
  assert (A : 0 < a).
  { destruct (Rle_or_lt a 0) as [N|]; auto. exfalso. pose proof (sum_sq_le n p) as U. fold a in U.
    rewrite T in U. pose proof (pos_INR n). nra. }
  assert (D : sum n (fun i => p i * ln (p i)) <= sum n (fun i => / a * (p i)^2 + (ln a - 1) * p i)).
  { apply sum_le. intros i Hi. destruct (P i Hi) as [H|H].
    - pose proof (ln_le_sub1 (p i / a) (Rdiv_lt_0_compat _ _ H A)) as L. rewrite ln_div in L by auto.
      apply Rmult_le_compat_l with (r := p i) in L; [|lra]. unfold Rdiv in L. simpl. lra.
    - rewrite <- H. simpl. lra. }
  rewrite sum_plus, !sum_scal, T in D. fold a in D. rewrite Rinv_l in D by lra. unfold H1. lra.
Qed.

(* the law with weights w *)
Definition share n (w : nat -> R) i := w i / sum n w.

Lemma share_law n w : (forall i, (i < n)%nat -> 0 <= w i) -> 0 < sum n w -> law n (share n w).
Proof.
  intros H T. assert (0 < / sum n w) by (apply Rinv_0_lt_compat; auto). split.
  - intros i Hi. unfold share, Rdiv. apply Rmult_le_pos; [apply H; auto|lra].
  - unfold share, Rdiv. rewrite sum_scal_r, Rinv_r; lra.
Qed.

(* squaring the weights concentrates a law *)
Theorem entropy_falls_with_squares n q : law n q -> H1 n (share n (fun i => (q i)^2)) <= H1 n q.
Proof.
  intros L. destruct L as [P T]. set (z := sum n (fun i => (q i)^2)).
  assert (Z : 0 < z).
  { destruct (Rle_or_lt z 0) as [N|]; auto. exfalso. pose proof (sum_sq_le n q) as U. fold z in U.
    rewrite T in U. pose proof (pos_INR n). nra. }
  assert (S : law n (share n (fun i => (q i)^2))).
  { apply share_law; auto. intros; apply pow2_ge_0. }
  eapply Rle_trans. { apply (gibbs n _ q S P); [lra|]. intros i Hi H. unfold share in H.
    destruct (P i Hi) as [|E]; auto. rewrite <- E in H. unfold Rdiv in H. simpl in H. lra. }
  unfold cross, H1, share. fold z. apply Ropp_le_contravar.
  set (m := sum n (fun i => q i * ln (q i))).
  assert (C : 0 <= sum n (fun i => sum n (fun j => q i * q j * ((q i - q j) * (ln (q i) - ln (q j)))))).
  { apply sum_nonneg; intros i Hi; apply sum_nonneg; intros j Hj.
    destruct (P i Hi) as [A|A]; [|rewrite <- A; lra]. destruct (P j Hj) as [B|B]; [|rewrite <- B; lra].
    apply Rmult_le_pos; [apply Rmult_le_pos; lra|].
    destruct (Rle_or_lt (q i) (q j)) as [G|G].
    - pose proof (ln_monotone _ _ A G). replace ((q i - q j) * (ln (q i) - ln (q j)))
        with ((q j - q i) * (ln (q j) - ln (q i))) by ring. apply Rmult_le_pos; lra.
    - pose proof (ln_increasing _ _ B G). apply Rmult_le_pos; lra. }
  set (w := sum n (fun i => (q i)^2 * ln (q i))).
  assert (E : sum n (fun i => sum n (fun j => q i * q j * ((q i - q j) * (ln (q i) - ln (q j))))) = 2 * (w - z * m)).
  { rewrite (sum_ext n _ (fun i => (q i)^2 * ln (q i) + m * (- (q i)^2) + (q i * ln (q i)) * (- z) + w * q i)).
    - rewrite !sum_plus, sum_scal, sum_scal, sum_scal_r, T. fold w. fold m.
      rewrite (sum_ext n (fun i => - q i ^ 2) (fun i => (-1) * (q i)^2)) by (intros; ring).
      rewrite sum_scal. fold z. ring.
    - intros i _.
      rewrite (sum_ext n _ (fun j => ((q i)^2 * ln (q i)) * q j + (- (q i)^2) * (q j * ln (q j))
                                     + (- (q i * ln (q i))) * (q j)^2 + q i * ((q j)^2 * ln (q j)))) by (intros;
                                       ring).
      rewrite !sum_plus, !sum_scal, T. fold m. fold z. fold w. ring. }
  rewrite E in C.
  rewrite (sum_ext n _ (fun i => / z * ((q i)^2 * ln (q i)))) by (intros; unfold Rdiv; ring).
  rewrite sum_scal. fold w. apply Rmult_le_reg_l with z; auto. rewrite <- Rmult_assoc, Rinv_r by lra. lra.
Qed.
