(* Finite sums of real numbers, over the first n natural numbers. Every other file rests on this one: sums may be
   added, scaled, swapped and compared term by term, and the square of a sum is at most n times the sum of squares,
   with equality exactly where all terms are equal (Lagrange's identity).
   Library: Coq's standard one alone. *)
From Coq Require Import Reals Lra Psatz Lia Arith.
Open Scope R_scope.

Fixpoint sum (n : nat) (f : nat -> R) : R :=
  match n with O => 0 | S m => sum m f + f m end.

Lemma sum_ext n f g : (forall i, (i < n)%nat -> f i = g i) -> sum n f = sum n g.
Proof.
  induction n; intros H; simpl; auto. rewrite IHn, H; auto with arith.
Qed.

Lemma sum_plus n f g : sum n (fun i => f i + g i) = sum n f + sum n g.
Proof. induction n; simpl; lra. Qed.

Lemma sum_minus n f g : sum n (fun i => f i - g i) = sum n f - sum n g.
Proof. induction n; simpl; lra. Qed.

Lemma sum_scal n c f : sum n (fun i => c * f i) = c * sum n f.
Proof. induction n; simpl; lra. Qed.

Lemma sum_scal_r n c f : sum n (fun i => f i * c) = sum n f * c.
Proof. induction n; simpl; lra. Qed.

Lemma sum_const n c : sum n (fun _ => c) = INR n * c.
Proof. induction n; cbn [sum]; [simpl; lra|]. rewrite IHn, S_INR. lra. Qed.

Lemma sum_zero n : sum n (fun _ => 0) = 0.
Proof. rewrite sum_const; lra. Qed.

Lemma sum_nonneg n f : (forall i, (i < n)%nat -> 0 <= f i) -> 0 <= sum n f.
Proof.
  induction n; simpl; intros H; [lra|].
  pose proof (H n (Nat.lt_succ_diag_r n)). assert (0 <= sum n f) by auto. lra.
Qed.

Lemma sum_le n f g : (forall i, (i < n)%nat -> f i <= g i) -> sum n f <= sum n g.
Proof.
  induction n; simpl; intros H; [lra|].
  pose proof (H n (Nat.lt_succ_diag_r n)). assert (sum n f <= sum n g) by auto. lra.
Qed.

Lemma sum_zero_terms n f : (forall i, (i < n)%nat -> 0 <= f i) -> sum n f = 0 ->
  forall i, (i < n)%nat -> f i = 0.
Proof.
  induction n; simpl; intros H E i Hi; [lia|].
  pose proof (H n (Nat.lt_succ_diag_r n)).
  assert (0 <= sum n f) by (apply sum_nonneg; auto).
  assert (f n = 0) by lra. assert (sum n f = 0) by lra.
  destruct (Nat.eq_dec i n); [subst; auto|]. apply IHn; auto. lia.
Qed.

Lemma sum_swap m n (f : nat -> nat -> R) :
  sum m (fun i => sum n (fun j => f i j)) = sum n (fun j => sum m (fun i => f i j)).
Proof.
  induction m; simpl; [symmetry; apply sum_zero|]. rewrite IHm, <- sum_plus. reflexivity.
Qed.

Lemma sum_mult n f g :
  sum n f * sum n g = sum n (fun i => sum n (fun j => f i * g j)).
Proof.
  rewrite <- sum_scal_r. apply sum_ext. intros i _. rewrite sum_scal. reflexivity.
Qed.

Lemma sum_term_le n f i : (forall j, (j < n)%nat -> 0 <= f j) -> (i < n)%nat -> f i <= sum n f.
Proof.
  induction n; intros H Hi; [lia|]. simpl.
  destruct (Nat.eq_dec i n).
  - subst. assert (0 <= sum n f) by (apply sum_nonneg; auto). lra.
  - assert (f i <= sum n f) by (apply IHn; auto; lia). pose proof (H n (Nat.lt_succ_diag_r n)). lra.
Qed.

Lemma sum_mono_n n m f : (n <= m)%nat -> (forall i, 0 <= f i) -> sum n f <= sum m f.
Proof.
  intros Hnm Hf. induction Hnm; [lra|]. simpl. pose proof (Hf m). lra.
Qed.

Definition delta (i j : nat) : R := if Nat.eqb i j then 1 else 0.

Lemma sum_delta n i f : (i < n)%nat -> sum n (fun j => delta i j * f j) = f i.
Proof.
  induction n; intros Hi; [lia|]. simpl. unfold delta at 2.
  destruct (Nat.eqb i n) eqn:E.
  - apply Nat.eqb_eq in E. subst.
    rewrite (sum_ext n _ (fun _ => 0)); [rewrite sum_zero; lra|].
    intros j Hj. unfold delta. replace (Nat.eqb n j) with false; [lra|].
    symmetry. apply Nat.eqb_neq. lia.
  - apply Nat.eqb_neq in E. rewrite IHn; [lra|lia].
Qed.

(* Lagrange's identity for |w| against the all-ones vector. *)
Lemma lagrange n u :
  sum n (fun i => sum n (fun j => (u i - u j)^2)) =
  2 * (INR n * sum n (fun i => (u i)^2) - (sum n u)^2).
Proof.
  replace ((sum n u)^2) with (sum n u * sum n u) by ring. rewrite sum_mult.
  rewrite (sum_ext n _ (fun i => INR n * (u i)^2 + sum n (fun j => (u j)^2)
                                 - 2 * sum n (fun j => u i * u j))).
  - rewrite sum_minus, sum_plus, sum_scal, sum_const, sum_scal. ring.
  - intros i _.
    rewrite (sum_ext n _ (fun j => ((u i)^2 + (u j)^2) - 2 * (u i * u j))) by (intros; ring).
    rewrite sum_minus, sum_plus, sum_const, sum_scal. reflexivity.
Qed.

Lemma sum_sq_le n u : (sum n u)^2 <= INR n * sum n (fun i => (u i)^2).
Proof.
  pose proof (lagrange n u).
  assert (0 <= sum n (fun i => sum n (fun j => (u i - u j)^2))).
  { apply sum_nonneg; intros; apply sum_nonneg; intros; apply pow2_ge_0. }
  lra.
Qed.

Lemma sum_sq_eq n u :
  (sum n u)^2 = INR n * sum n (fun i => (u i)^2) <->
  (forall i j, (i < n)%nat -> (j < n)%nat -> u i = u j).
Proof.
  pose proof (lagrange n u) as L. split.
  - intros E i j Hi Hj.
    assert (Z : sum n (fun i => sum n (fun j => (u i - u j)^2)) = 0) by lra.
    assert (P : forall i, (i < n)%nat -> 0 <= sum n (fun j => (u i - u j)^2)).
    { intros; apply sum_nonneg; intros; apply pow2_ge_0. }
    pose proof (sum_zero_terms n _ P Z i Hi) as Zi. simpl in Zi.
    assert (Q : forall j, (j < n)%nat -> 0 <= (u i - u j)^2) by (intros; apply pow2_ge_0).
    pose proof (sum_zero_terms n _ Q Zi j Hj) as Zj. simpl in Zj.
    assert (u i - u j = 0) by nra. lra.
  - intros H.
    assert (sum n (fun i => sum n (fun j => (u i - u j)^2)) = 0).
    { rewrite (sum_ext n _ (fun _ => 0)); [apply sum_zero|]. intros i Hi.
      rewrite (sum_ext n _ (fun _ => 0)); [apply sum_zero|]. intros j Hj.
      rewrite (H i j Hi Hj). ring. }
    lra.
Qed.

(* For non-negative terms the sum of squares is at most the square of the sum. *)
Lemma sum_pow2_le_pow2_sum n u : (forall i, (i < n)%nat -> 0 <= u i) ->
  sum n (fun i => (u i)^2) <= (sum n u)^2.
Proof.
  induction n; intros H; cbn [sum]; [simpl; lra|].
  assert (0 <= sum n u) by (apply sum_nonneg; intros; apply H; lia).
  pose proof (H n (Nat.lt_succ_diag_r n)).
  assert (sum n (fun i => (u i)^2) <= (sum n u)^2) by (apply IHn; intros; apply H; lia).
  assert (0 <= u n * sum n u) by (apply Rmult_le_pos; auto).
  replace ((sum n u + u n)^2) with ((sum n u)^2 + (u n)^2 + 2 * (u n * sum n u)) by ring. lra.
Qed.

Lemma sum_prefix_le r k f : (r <= k)%nat -> (forall i, (i < k)%nat -> 0 <= f i) -> sum r f <= sum k f.
Proof.
  intros Hr. induction Hr; intros H; [lra|]. cbn [sum]. pose proof (H m (Nat.lt_succ_diag_r m)).
  assert (sum r f <= sum m f) by (apply IHHr; intros; apply H; lia). lra.
Qed.

Lemma squares_positive n u : 0 < sum n u -> 0 < sum n (fun i => (u i)^2).
Proof.
  intros H. destruct (Rle_or_lt (sum n (fun i => (u i)^2)) 0) as [N|]; auto. exfalso.
  pose proof (sum_sq_le n u). pose proof (pos_INR n). assert (0 < (sum n u)^2) by (apply pow_lt; auto). nra.
Qed.
