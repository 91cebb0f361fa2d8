(* What the companion posts state in prose and cannot hold as stated. A floor quantiser makes no error on its own
   lattice, so no bound on its error by variance and step alone is positive (the JensenFloor). Excess kurtosis over
   variance depends on the unit of the activations, and the loss of a sign quantiser does not (RowGauge.v), so it
   cannot bound that loss.
   Matters for: what the tracker says of the source's claims. *)
From Coq Require Import Reals Lra Psatz Lia Arith.
From Coq Require Import ZArith.
Require Import Sums RowGauge.
Open Scope R_scope.

Definition floor_error (D x : R) := x - D * IZR (Int_part (x / D)).

Lemma Int_part_IZR z : Int_part (IZR z) = z.
Proof.
  destruct (base_Int_part (IZR z)) as [A B]. apply le_IZR in A.
  assert (IZR z - 1 < IZR (Int_part (IZR z))) by lra.
  rewrite <- minus_IZR in H. apply lt_IZR in H. lia.
Qed.

Lemma lattice_has_no_floor_error D z : 0 < D -> floor_error D (D * IZR z) = 0.
Proof.
  intros H. unfold floor_error. replace (D * IZR z / D) with (IZR z) by (field; lra).
  rewrite Int_part_IZR. ring.
Qed.

(* a three-point distribution: x0, x1, x2 with weights p0, p1, p2 *)
Definition E3 (g : R -> R) p0 p1 p2 x0 x1 x2 := p0 * g x0 + p1 * g x1 + p2 * g x2.
Definition var3 p0 p1 p2 x0 x1 x2 :=
  E3 (fun x => x^2) p0 p1 p2 x0 x1 x2 - (E3 (fun x => x) p0 p1 p2 x0 x1 x2)^2.

(* "the expected squared distortion of a floor quantiser is at least f(variance, step)":
   any such f is at most 0 for every variance up to (k step)^2, for every k whose lattice fits the range. *)
Theorem floor_distortion_bound_is_vacuous (f : R -> R -> R) (M D : R) (k : Z) :
  0 < D -> (0 < k)%Z -> D * IZR k <= M ->
  (forall p0 p1 p2 x0 x1 x2, 0 <= p0 -> 0 <= p1 -> 0 <= p2 -> p0 + p1 + p2 = 1 ->
     Rabs x0 <= M -> Rabs x1 <= M -> Rabs x2 <= M ->
     f (var3 p0 p1 p2 x0 x1 x2) D <= E3 (fun x => (floor_error D x)^2) p0 p1 p2 x0 x1 x2) ->
  forall v, 0 <= v <= (D * IZR k)^2 -> f v D <= 0.
Proof.
  intros HD Hk HM H v [V0 V1]. assert (K : 0 < IZR k) by (apply (IZR_lt 0); auto).
  assert (P : 0 < D * IZR k) by (apply Rmult_lt_0_compat; auto).
  assert (Q : 0 < (D * IZR k)^2) by (apply pow_lt; auto).
  set (p := v / (2 * (D * IZR k)^2)).
  assert (PE : p * (2 * (D * IZR k)^2) = v) by (unfold p; field; lra).
  assert (p0 : 0 <= p) by (unfold p; apply Rmult_le_pos; [lra|left; apply Rinv_0_lt_compat; lra]).
  assert (p1 : 2 * p <= 1) by nra.
  specialize (H p (1 - 2 * p) p (D * IZR (-k)) (D * IZR 0) (D * IZR k)).
  assert (VE : var3 p (1 - 2 * p) p (D * IZR (-k)) (D * IZR 0) (D * IZR k) = v).
  { unfold var3, E3. rewrite opp_IZR, <- PE. ring. }
  rewrite VE in H. unfold E3 in H. rewrite !lattice_has_no_floor_error in H by auto.
  assert (f v D <= p * 0 ^ 2 + (1 - 2 * p) * 0 ^ 2 + p * 0 ^ 2).
  { apply H; try lra.
    - rewrite opp_IZR. replace (D * - IZR k) with (- (D * IZR k)) by ring. rewrite Rabs_Ropp, Rabs_right; lra.
    - rewrite Rmult_0_r, Rabs_R0. lra.
    - rewrite Rabs_right; lra. }
  lra.
Qed.

(* "moment ratio = excess kurtosis over variance": it depends on the unit of the activations, the loss of a
   sign quantiser does not; so it cannot bound that loss. *)
Definition mean n x := sum n x / INR n.
Definition moment (q n : nat) x := sum n (fun i => (x i - mean n x)^q) / INR n.
Definition kurtosis n x := moment 4 n x / (moment 2 n x)^2 - 3.
Definition post_ratio n x := kurtosis n x / moment 2 n x.

Lemma mean_scale n c x : mean n (fun i => c * x i) = c * mean n x.
Proof. unfold mean. rewrite sum_scal. unfold Rdiv. ring. Qed.

Lemma moment_scale q n c x : moment q n (fun i => c * x i) = c^q * moment q n x.
Proof.
  unfold moment. rewrite mean_scale.
  rewrite (sum_ext n _ (fun i => c^q * (x i - mean n x)^q)).
  - rewrite sum_scal. unfold Rdiv. ring.
  - intros i _. rewrite <- Rpow_mult_distr. f_equal. ring.
Qed.

Theorem post_ratio_is_not_scale_free n c x : c <> 0 -> moment 2 n x <> 0 ->
  post_ratio n (fun i => c * x i) = post_ratio n x / c^2.
Proof.
  intros Hc Hm. unfold post_ratio, kurtosis. rewrite !moment_scale. field. auto.
Qed.

(* no multiple of the ratio bounds the share of energy that signs lose: in another unit it is as small as one likes *)
Theorem no_multiple_of_the_ratio_bounds_the_loss (C : R) :
  ~ (forall n x, nonzero n x -> moment 2 n x <> 0 -> 1 - (beta n x)^2 <= C * Rabs (post_ratio n x)).
Proof.
  intros H. set (x := fun i : nat => INR i).
  assert (N : nonzero 2 x) by (exists 1%nat; split; [lia|unfold x; simpl; lra]).
  assert (M : moment 2 2 x = 1 / 4) by (unfold moment, mean, x; simpl; field).
  assert (Q : post_ratio 2 x = - 8).
  { unfold post_ratio, kurtosis. rewrite M. unfold moment, mean, x; simpl; field. }
  assert (L : (beta 2 x)^2 = 1 / 2).
  { rewrite beta_squared by exact N. unfold beta2, l1, sq, x. simpl. rewrite Rabs_R0, Rabs_R1. field. }
  set (c := 1 + 16 * Rabs C). assert (P : 0 <= Rabs C) by apply Rabs_pos. assert (c1 : 1 <= c) by (unfold c; lra).
  specialize (H 2%nat (fun i => c * x i)).
  rewrite sign_gauge_is_scale_free, L in H by (try exact N; lra).
  rewrite post_ratio_is_not_scale_free, Q, moment_scale, M in H by lra.
  assert (Z : 0 < c^2) by (apply pow_lt; lra).
  assert (T : 1 - 1 / 2 <= C * Rabs (- 8 / c^2)).
  { apply H; [|apply Rgt_not_eq; apply Rmult_lt_0_compat; lra].
    destruct N as (i & Hi & Hx). exists i. split; auto. apply Rmult_integral_contrapositive. split; [lra|exact Hx]. }
  assert (A : Rabs (- 8 / c^2) = 8 / c^2).
  { replace (- 8 / c^2) with (- (8 / c^2)) by (field; lra). rewrite Rabs_Ropp. apply Rabs_right.
    left. apply Rdiv_lt_0_compat; lra. }
  rewrite A in T. apply Rmult_le_compat_r with (r := c^2) in T; [|lra].
  replace (C * (8 / c^2) * c^2) with (8 * C) in T by (field; lra). pose proof (Rle_abs C). unfold c in T. nra.
Qed.
